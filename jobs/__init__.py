"""The jobs and their command line."""

__version__ = "0.3.0"
