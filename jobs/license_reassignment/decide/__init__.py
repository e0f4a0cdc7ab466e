"""Who moves to what, or why not. Pure."""
