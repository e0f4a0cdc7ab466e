"""From settings to a token, and what an identity provider may answer instead."""
