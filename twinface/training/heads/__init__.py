"""Heads: trained on the vectors of a features folder."""
