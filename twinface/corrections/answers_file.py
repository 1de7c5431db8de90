"""The file of answers, beside that of corrections: of each track the latest.

answers.pkl             in the folder of the gallery, signed as the people there are
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twinface.corrections.answer import Answer, AnswerKind
from twinface.errors import ArtefactError, InputError
from twinface.events.event import NameSpan
from twinface.files import shown
from twinface.gallery.gallery_folder import writers_lock
from twinface.gallery.keys import box_key
from twinface.gallery.names import checked_name
from twinface.gallery.signing import check_format, unseal, write_sealed

ANSWERS_FILE = "answers.pkl"

MOST_ANSWERS = 10_000
"""Kept, the newest. Events go earlier: ten thousand faces that somebody looked at one by one."""

MOST_NO_FACES = 1_000
"""Of these with the vector of what is no face, the newest; the others are no longer recognised in other tracks."""

_FORMAT = 1
_LONGEST_TEXT = 256
_LARGEST_VECTOR = 4 * 8192


_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "track": (str,),
    "at_ns": (int,),
    "name": (str, type(None)),
    "network": (str,),
    "vector": (bytes,),
}
"""Of an entry as it is packed."""


def read_answers(gallery: Path) -> dict[str, Answer]:
    """All answers in a gallery's folder by their tracks, the oldest first; none where there is no file.

    Takes no lock. Raises SignatureError before anything is parsed when the signature does not fit, else ArtefactError.
    """
    path = gallery / ANSWERS_FILE
    if not path.exists():
        return {}
    value = unseal(path, box_key())
    check_format(path, value, _FORMAT, "answers")
    entries = value.get("answers")
    if not isinstance(entries, list) or len(entries) > MOST_ANSWERS:
        raise ArtefactError(f"{path}: not a list of answers; delete it")
    try:
        return {answer.track: answer for answer in map(unpack_answer, entries)}
    except (ValueError, ArtefactError) as error:
        raise ArtefactError(f"{path}: not a list of answers ({error}); delete it") from error


def change_answers(gallery: Path, changes: Mapping[str, Answer | None]) -> None:
    """Have the answers of tracks be these; of None there is none. Raises ArtefactError; nothing has changed then."""
    with writers_lock(gallery):
        before = read_answers(gallery)
        after = {track: answer for track, answer in {**before, **changes}.items() if answer is not None}
        if after != before:
            _write(gallery, after.values())


def forget_answers(
    gallery: Path,
    names: Sequence[NameSpan],
    looks_like_them: Callable[[Answer], bool],
    *,
    dry_run: bool = False,
) -> int:
    """Erase the answers that name a person, or that have a vector that looks like them; returns how many.

    Raises as `change_answers`.
    """
    theirs = [
        track
        for track, one in read_answers(gallery).items()
        if any(span.covers(one.name or "", one.at_ns) for span in names) or (one.vector and looks_like_them(one))
    ]
    if theirs and not dry_run:
        change_answers(gallery, dict.fromkeys(theirs))
    return len(theirs)


def rename_answers(gallery: Path, old: str, new: str) -> None:
    """Have the answers of a person be of another name. Raises as `change_answers`."""
    new = checked_name(new)
    found = read_answers(gallery).items()
    change_answers(gallery, {track: dataclasses.replace(one, name=new) for track, one in found if one.name == old})


def take_back_answers(
    gallery: Path, before: Mapping[str, Answer | None], after: Mapping[str, Answer | None], *, dry_run: bool = False
) -> None:
    """Have the answers be as `before` again, where they are as `after` still, or as before already.

    Raises InputError where something else was answered since, and nothing is changed; else as `change_answers`.
    """
    now = read_answers(gallery)
    for track, answer in before.items():
        if now.get(track) not in {answer, after.get(track)}:
            raise InputError(f"what was answered of {track}")
    if not dry_run:
        change_answers(gallery, before)


def _write(gallery: Path, answers: Iterable[Answer]) -> None:
    """Write the newest, in an order that does not depend on how they came."""
    kept = sorted(answers, key=lambda one: (one.at_ns, one.track))[-MOST_ANSWERS:]
    with_vectors = [one.track for one in kept if one.vector][-MOST_NO_FACES:]
    no_faces = set(with_vectors)
    entries = [pack_answer(one if one.track in no_faces else dataclasses.replace(one, vector=b"")) for one in kept]
    value = {"format": _FORMAT, "answers": entries} if entries else None
    write_sealed(gallery / ANSWERS_FILE, value, box_key(), sweep=True)


def pack_answer(answer: Answer) -> dict[str, Any]:
    """An answer as plain data."""
    return {name: getattr(answer, name) for name in _TYPES} | {"kind": str(answer.kind)}


def unpack_answer(entry: object) -> Answer:
    """The answer in plain data. Raises ValueError or ArtefactError where there is none."""
    if not isinstance(entry, dict) or set(entry) != set(_TYPES):
        raise ValueError("an entry that is no answer")
    for field, types in _TYPES.items():
        value = entry[field]
        most = _LARGEST_VECTOR if field == "vector" else _LONGEST_TEXT
        if type(value) not in types or (isinstance(value, str | bytes) and len(value) > most):
            raise ValueError(f"{field} is {shown(value)}")
    return Answer(**{**entry, "kind": AnswerKind(entry["kind"])})
