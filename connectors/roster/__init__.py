"""Roster files: CSV in, rows and row errors out."""
