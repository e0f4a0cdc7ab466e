"""A tenant we own, behind the same HTTP as Microsoft Graph."""
