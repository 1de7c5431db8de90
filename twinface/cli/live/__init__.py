"""Commands on the box that runs."""
