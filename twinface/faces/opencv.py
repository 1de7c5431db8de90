"""Keeps OpenCV and its FFmpeg from writing to the terminal: what goes wrong is said by our own errors."""

import os

import cv2


def hush_opencv() -> None:
    """Silence both; to be called before the first video is opened."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
