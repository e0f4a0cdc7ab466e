"""One file per verb: the order of effects, nothing else."""
