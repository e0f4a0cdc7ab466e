"""The files of one run, out and in."""
