"""The embedded tenant and its rosters, read through `importlib.resources`; tests/worlds/sample writes `tenant.json`."""
