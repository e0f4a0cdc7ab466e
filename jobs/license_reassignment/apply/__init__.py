"""Journal first: carries out one plan."""
