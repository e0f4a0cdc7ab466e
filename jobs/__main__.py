"""`python -m jobs` is `reseat`."""

from jobs.cli import main

main()
