"""The worlds that several rooms test in: tenants, clocks, wires and folders, each in the file that is named for it."""
