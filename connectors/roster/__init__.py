"""Roster files: CSV and Excel in, rows and row errors out."""
