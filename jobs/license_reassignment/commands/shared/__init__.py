"""What several commands need, and no room below may know: the live parts, and the steps that they have in common."""
