"""twinface: twin networks that put names to faces, live, on a small box that nobody visits."""

__version__ = "0.1.0"
