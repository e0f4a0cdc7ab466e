"""The settings of a run: `reseat.toml` and the environment, as one frozen value."""
