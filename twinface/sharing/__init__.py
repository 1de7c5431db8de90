"""What boxes with one database share: who they are, events, looks, unknown visitors, and what is forgotten."""
