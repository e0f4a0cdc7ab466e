"""Moving every holder of a retiring SKU to its targets; knows no HTTP."""
