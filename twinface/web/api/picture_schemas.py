"""What answers about pictures have in common."""

from typing import Any

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a face, in pixels of the picture."""

JPEG: dict[str, Any] = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
"""What the document says of a picture that is answered."""
