"""twinface: twin networks that put names to faces, live, on a small box that nobody visits."""

import os

__version__ = "0.1.0"

# A small file may claim to be a picture of gigabytes. OpenCV reads this limit once, when it is first imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 27))
