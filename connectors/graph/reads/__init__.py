"""Everything that is read from Graph."""
