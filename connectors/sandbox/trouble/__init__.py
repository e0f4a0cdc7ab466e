"""Faults, throttling, and somebody else at work in the same tenant."""
