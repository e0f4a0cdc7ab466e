"""What Microsoft sells: products, service plans by family, words for users."""
