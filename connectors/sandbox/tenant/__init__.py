"""What the tenant holds, its file, and what happens in it by itself."""
