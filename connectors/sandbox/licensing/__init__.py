"""What Entra allows and does when licenses change: one user at once, the members of a group later."""
