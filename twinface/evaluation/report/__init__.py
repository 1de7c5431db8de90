"""Figures as JSON, as plots and as one page."""
