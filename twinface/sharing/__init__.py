"""What boxes with one database share of what they see: events, looks, unknown visitors, and what is forgotten."""
