"""What became of the groups that a plan swaps, and of the users who change through them. Pure."""
