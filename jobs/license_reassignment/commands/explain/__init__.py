"""`reseat explain`: why a user or a group was decided so, and what happened, from the files of the run folder alone."""
