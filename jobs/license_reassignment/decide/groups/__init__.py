"""Groups that are named for a swap: what each would give, to whom, which are swapped, and what is told. Pure."""
