"""The embedded tenant and its rosters; read through `importlib.resources`."""
