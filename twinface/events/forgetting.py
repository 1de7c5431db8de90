"""What was seen of a person erased, from any process, also while others read and write."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from twinface.events.database import ERASE_EMPTY_UNKNOWNS, changing, is_there, reading
from twinface.events.event import NameSpan

_IN_TIME = "at_ns >= :since_ns AND at_ns < :until_ns"
_FIND_TRACKS = f"""
    SELECT camera, stream, track FROM events WHERE subject = 'track' AND name = :name AND {_IN_TIME}
    UNION SELECT camera, stream, track FROM looks WHERE (name = :name OR enrolled_as = :name) AND {_IN_TIME}
"""  # noqa: S608 — no word of a user
_FIND_NAMES = """
    SELECT name FROM events WHERE name IS NOT NULL UNION SELECT name FROM looks WHERE name IS NOT NULL
    UNION SELECT enrolled_as FROM looks WHERE enrolled_as IS NOT NULL
"""
_ERASE_VISITS = f"DELETE FROM events WHERE name = :name AND {_IN_TIME}"  # noqa: S608
_ERASE_EVENTS = "DELETE FROM events WHERE subject = 'track' AND camera = ? AND stream = ? AND track = ?"
_ERASE_LOOKS = "DELETE FROM looks WHERE camera = ? AND stream = ? AND track = ?"
_ERASE_MENTIONS = (
    f"UPDATE events SET details = NULL WHERE instr(details, :quoted) AND {_IN_TIME}",  # noqa: S608
    "UPDATE looks SET details = json_remove(details, '$.candidates', '$.together', '$.reason') "  # noqa: S608
    f"WHERE instr(details, :quoted) AND {_IN_TIME}",
)


class Forgotten(NamedTuple):
    """How much was erased; `mentions`: others' events and looks that named the person as a candidate."""

    events: int
    looks: int
    unknowns: int
    mentions: int


def forget_person(path: Path, names: Sequence[NameSpan], *, dry_run: bool = False) -> Forgotten:
    """Erase the visits of a person, and all events and looks of tracks that bore one of their names or were enrolled as
    theirs. At what time a look or an event was says whose a name was then.

    Unknown faces that were seen in no other track are erased with these. Where others' events and looks mention the
    person, as a candidate, what explains these is erased. Numbers are not used again. Nothing is erased where there is
    no store; a dry run erases nothing, and says what would be. Raises ArtefactError when the file is not ours or cannot
    be written.
    """
    if not is_there(path):
        return Forgotten(0, 0, 0, 0)
    values = [{**one._asdict(), "quoted": json.dumps(one.name, ensure_ascii=False)} for one in names]
    with changing(path, f"{names[0].name}'s events cannot be erased", dry_run=dry_run) as connection:
        # Found first: while rows are deleted, SQLite would look among those that are left.
        tracks = list({row for one in values for row in connection.execute(_FIND_TRACKS, one)})
        events = connection.executemany(_ERASE_EVENTS, tracks).rowcount if tracks else 0
        events += connection.executemany(_ERASE_VISITS, values).rowcount
        looks = connection.executemany(_ERASE_LOOKS, tracks).rowcount if tracks else 0
        unknowns = connection.execute(ERASE_EMPTY_UNKNOWNS).rowcount
        mentions = sum(connection.executemany(statement, values).rowcount for statement in _ERASE_MENTIONS)
    return Forgotten(events, looks, unknowns, mentions)


def remembered_names(path: Path) -> set[str]:
    """Every name in events and looks; none where there is no store. Raises ArtefactError."""
    if not is_there(path):
        return set()
    with reading(path) as connection:
        return {name for (name,) in connection.execute(_FIND_NAMES)}
