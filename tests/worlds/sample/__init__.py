"""The tenant in sample_data/tenant.json: who is in it and why, and the script that writes it."""
