"""Structured logging: one event a line, as JSON. No faces, vectors or names of people go into it."""

import logging
import sys

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter


class _Lines(JsonFormatter):
    """The record's text is its `event`; `level` is a word in small letters."""

    def process_log_record(self, log_data: LogData) -> LogData:
        return {**log_data, "level": log_data["level"].lower()}


def configure_logging(process: str, level: int = logging.INFO) -> None:
    """Send the log of this process to stderr, one JSON object a line, with its name in each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Lines(
            ["message", "levelname"],
            rename_fields={"message": "event", "levelname": "level", "exc_info": "exception"},
            static_fields={"process": process},
            timestamp=True,
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
