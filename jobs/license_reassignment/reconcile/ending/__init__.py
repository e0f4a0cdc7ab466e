"""How the old subscriptions end: may they be canceled, by which route, when, and what that costs and saves. Pure."""
