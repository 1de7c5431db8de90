"""Commands on the gallery: who is known."""
