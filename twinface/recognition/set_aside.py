"""What the gate refused: kept beside what it let through, with a list of the reasons."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinface.errors import ArtefactError, InputError
from twinface.files import MAX_JSON_BYTES, canonical_json, parse_json, read_bounded, write_atomically
from twinface.recognition.enrolment import Objection

SET_ASIDE = "set_aside"
"""Name of the folder in a person's folder; what reads people takes the pictures directly in theirs only."""

REASONS_FILE = "reasons.json"


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


def copy_picture(picture: Path, folder: Path) -> Path | None:
    """Copy a picture into a folder, under a name of its own where another one has its name; None where there is none.

    Raises InputError when it cannot be written.
    """
    if not picture.is_file():
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = picture.read_bytes()
        target, number = folder / picture.name, 2
        while target.exists() and target.read_bytes() != content:
            target, number = folder / f"{picture.stem}-{number}{picture.suffix}", number + 1
        if not target.exists():
            write_atomically(target, content)
    except OSError as error:
        raise InputError(f"{picture}: cannot be copied to {folder} ({error.strerror}); name another folder") from error
    return target


def _read_reasons(path: Path) -> list[dict[str, Any]]:
    try:
        entries = parse_json(read_bounded(path, MAX_JSON_BYTES))
        return [entry for entry in entries if isinstance(entry["picture"], str)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtefactError(f"{path}: not a list of reasons ({error}); remove it") from error
