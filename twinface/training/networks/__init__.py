"""Feature networks: built, quantised and converted."""
