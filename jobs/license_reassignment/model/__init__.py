"""Values that travel between the rooms. Pure."""
