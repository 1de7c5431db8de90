"""Commands that train networks and heads."""
