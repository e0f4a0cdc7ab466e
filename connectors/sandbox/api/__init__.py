"""Graph's calls: routes, batches, query options, handlers and their JSON."""
