"""What became of everybody, and may the subscription be cancelled. Pure."""
