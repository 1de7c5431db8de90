"""What was seen of a person erased, from any process, also while others read and write."""

import json
from pathlib import Path
from typing import NamedTuple

from twinface.events.connection import changing, is_there, reading
from twinface.events.looks import ERASE_EMPTY_STRANGERS

_FIND_TRACKS = """
    SELECT camera, stream, track FROM events WHERE subject = 'track' AND name = :name
    UNION SELECT camera, stream, track FROM looks WHERE name = :name OR enrolled_as = :name
"""
_FIND_NAMES = """
    SELECT name FROM events WHERE name IS NOT NULL UNION SELECT name FROM looks WHERE name IS NOT NULL
    UNION SELECT enrolled_as FROM looks WHERE enrolled_as IS NOT NULL
"""
_ERASE_VISITS = "DELETE FROM events WHERE name = ?"
_ERASE_EVENTS = "DELETE FROM events WHERE subject = 'track' AND camera = ? AND stream = ? AND track = ?"
_ERASE_LOOKS = "DELETE FROM looks WHERE camera = ? AND stream = ? AND track = ?"
_ERASE_MENTIONS = (
    "UPDATE events SET details = NULL WHERE instr(details, :quoted)",
    "UPDATE looks SET details = json_remove(details, '$.candidates', '$.together', '$.reason') "
    "WHERE instr(details, :quoted)",
)


class Forgotten(NamedTuple):
    """How much was erased; `mentions`: others' events and looks that named the person as a candidate."""

    events: int
    looks: int
    strangers: int
    mentions: int


def forget_person(path: Path, name: str, *, dry_run: bool = False) -> Forgotten:
    """Erase the visits of a person, and all events and looks of tracks that bore their name or were enrolled as theirs.

    Unknown faces that were seen in no other track are erased with these. Where others' events and looks mention the
    person, as a candidate, what explains these is erased. Numbers are not used again. Nothing is erased where there is
    no store; a dry run erases nothing, and says what would be. Raises ArtefactError when the file is not ours or cannot
    be written.
    """
    if not is_there(path):
        return Forgotten(0, 0, 0, 0)
    values = {"name": name, "quoted": json.dumps(name, ensure_ascii=False)}
    with changing(path, f"{name}'s events cannot be erased", dry_run=dry_run) as connection:
        # Found first: while rows are deleted, SQLite would look among those that are left.
        tracks = connection.execute(_FIND_TRACKS, values).fetchall()
        events = connection.executemany(_ERASE_EVENTS, tracks).rowcount if tracks else 0
        events += connection.execute(_ERASE_VISITS, [name]).rowcount
        looks = connection.executemany(_ERASE_LOOKS, tracks).rowcount if tracks else 0
        strangers = connection.execute(ERASE_EMPTY_STRANGERS).rowcount
        mentions = sum(connection.execute(statement, values).rowcount for statement in _ERASE_MENTIONS)
    return Forgotten(events, looks, strangers, mentions)


def remembered_names(path: Path) -> set[str]:
    """Every name in events and looks; none where there is no store. Raises ArtefactError."""
    if not is_there(path):
        return set()
    with reading(path) as connection:
        return {name for (name,) in connection.execute(_FIND_NAMES)}
