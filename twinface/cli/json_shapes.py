"""Which shapes `--json` prints, each with the number of its version; docs/json.md says what stands in them."""

from collections.abc import Mapping
from typing import Any

SCHEMAS = {
    "assets": 1,
    "averages": 1,
    "averages --reset": 1,
    "boxes": 1,
    "calibrate": 1,
    "calibrate --far": 1,
    "cameras": 1,
    "capture": 1,
    "config": 1,
    "config --path": 1,
    "confirm": 1,
    "corrections": 1,
    "corrections --all-boxes": 1,
    "doctor": 1,
    "echo": 1,
    "enrol": 1,
    "evaluate --features": 1,
    "evaluate --groups": 1,
    "evaluate --pairs": 1,
    "events": 1,
    "events --all-boxes": 1,
    "explain": 1,
    "forget": 1,
    "forget --receipt": 1,
    "gallery add": 1,
    "gallery add --people": 1,
    "gallery backup": 1,
    "gallery list": 1,
    "gallery move": 1,
    "gallery pictures": 1,
    "gallery rebuild": 1,
    "gallery restore": 1,
    "gallery verify": 1,
    "heads": 1,
    "identify": 1,
    "keys list": 1,
    "keys new": 1,
    "keys show": 1,
    "notify test": 1,
    "record": 1,
    "reject": 1,
    "replay": 1,
    "retrain": 1,
    "rollback": 1,
    "search": 1,
    "selfies": 1,
    "status": 1,
    "top": 1,
    "train": 1,
    "undo": 1,
    "unknowns": 1,
    "watch": 1,
    "webhooks list": 1,
    "webhooks retry": 1,
    "webhooks test": 1,
}
"""By the command, and the option where that changes what is printed. A field that is added leaves the number as it is;
one that goes, or means something else, makes it the next one."""


def with_schema(shape: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The object that is printed: the number of its shape, and its fields."""
    return {"schema": SCHEMAS[shape], **fields}
