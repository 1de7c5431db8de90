"""What the gate refused: kept beside what it let through, with a list of the reasons."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from twinface.enrolment.objections import Objection
from twinface.errors import ArtefactError, InputError
from twinface.files import MAX_JSON_BYTES, canonical_json, parse_json, read_bounded, sha256_of, write_atomically
from twinface.gallery.gallery import Gallery
from twinface.gallery.person_files import SetAside
from twinface.outputs import REASONS_FILE


def describe(picture: Path, objection: Objection) -> dict[str, Any]:
    """A picture that is set aside, for JSON: `value` and `bound` are null where nothing was measured."""
    value, bound = (None if number is None else round(number, 4) for number in (objection.value, objection.bound))
    return {
        "picture": str(picture),
        "reason": objection.reason.value,
        "sentence": objection.sentence,
        "value": value,
        "bound": bound,
    }


def write_reasons(folder: Path, verdicts: Mapping[Path, Objection | None]) -> None:
    """Bring reasons.json of a folder up to date: a list of `describe`, one for each picture objected to.

    What it says of other pictures than those of `verdicts` stays. No file is made where there is nothing to say.
    Raises InputError when it cannot be written, ArtefactError when what is there is no such list.
    """
    path = folder / REASONS_FILE
    known = {str(picture) for picture in verdicts}
    before = _read_reasons(path) if path.exists() else []
    entries = [entry for entry in before if entry["picture"] not in known]
    entries += [describe(picture, objection) for picture, objection in verdicts.items() if objection]
    if entries == before:
        return
    try:
        write_atomically(path, canonical_json(entries))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); name another folder") from error


def is_reasons(path: Path) -> bool:
    """Whether a file is a reasons.json."""
    try:
        _read_reasons(path)
    except ArtefactError:
        return False
    return True


def set_aside(gallery: Gallery, name: str, refused: Mapping[Path, Objection | None], folder: Path) -> list[InputError]:
    """Copy pictures of a person that were refused, with the reasons, and have the gallery remember the copies, so that
    they can be forgotten. Returns why single pictures could not be copied.

    What was in the folder before is no copy, even where it is the same picture. Raises InputError or ArtefactError when
    nothing can be written there, or to the gallery.
    """
    ours = gallery.all_set_aside()
    copies: list[SetAside] = []
    problems: list[InputError] = []
    for picture in refused:
        try:
            copied = _copy(picture, folder) if picture.is_file() else None
        except OSError as error:
            problems.append(InputError(f"{picture}: cannot be copied to {folder} ({error.strerror})"))
            continue
        if copied and (copied.is_new or str(copied.path.absolute()) in ours):
            copies.append(SetAside(str(picture), str(copied.path.absolute()), sha256_of(copied.path)))
    if copies:
        gallery.remember_set_aside(name, copies)
    write_reasons(folder, refused)
    return problems


class _Copied(NamedTuple):
    """Where a picture is in a folder, and whether it was copied there."""

    path: Path
    is_new: bool


def _copy(picture: Path, folder: Path) -> _Copied:
    """Copy a picture, under a name of its own where another one has its name. Raises OSError."""
    content = picture.read_bytes()
    target, number = folder / picture.name, 2
    while os.path.lexists(target) and not (target.is_file() and target.read_bytes() == content):
        target, number = folder / f"{picture.stem}-{number}{picture.suffix}", number + 1
    if target.exists():
        return _Copied(target, is_new=False)
    write_atomically(target, content)
    return _Copied(target, is_new=True)


def _read_reasons(path: Path) -> list[dict[str, Any]]:
    try:
        entries = parse_json(read_bounded(path, MAX_JSON_BYTES))
        return [entry for entry in entries if isinstance(entry["picture"], str)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtefactError(f"{path}: not a list of reasons ({error}); remove it") from error
