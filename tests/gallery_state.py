"""All that a correction may change, to be compared before and after."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from twinface.corrections.steps_file import STEPS_FOLDER

State = dict[str, Any]


def state_of(box: Path) -> State:
    """The files of the gallery byte for byte, and what was made of looks in the database of events `box`."""
    gallery = box.parent / "gallery"
    others = {"gallery.json"}
    files = {
        str(path.relative_to(gallery)): path.read_bytes()
        for path in sorted(gallery.rglob("*"))
        if path.is_file() and path.name not in others and path.name[0] != "." and STEPS_FOLDER not in path.parts
    }
    with closing(sqlite3.connect(box)) as connection:
        tables = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4").fetchall()
            for name in ("looks", "events")
        }
        tables["strangers"] = connection.execute("SELECT * FROM strangers ORDER BY number").fetchall()
    return {"files": files, **tables}
