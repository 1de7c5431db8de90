"""The file of corrections: whole or not there, one writer at a time, under the lock of the gallery it lies in."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twinface.corrections.correction import Correction, CorrectionKind, Difference, take_back
from twinface.errors import ArtefactError
from twinface.events.event import NameSpan
from twinface.files import shown
from twinface.gallery.gallery_folder import writers_lock
from twinface.gallery.keys import box_key
from twinface.gallery.names import checked_name
from twinface.gallery.signing import check_format, pack_array, unpack_array, unseal, write_sealed

CORRECTIONS_FILE = "corrections.pkl"

MOST_CORRECTIONS = 2000
"""Kept, the newest; of the 128 numbers that SFace gives a megabyte."""

_FORMAT = 1
_LONGEST_TEXT = 256
_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "name": (str,),
    "vector": (dict,),
    "network": (str,),
    "quality": (float, int),
    "track": (str,),
    "event": (int, type(None)),
    "at_ns": (int,),
}
"""Of an entry as it is packed."""


def read_corrections(gallery: Path) -> tuple[Correction, ...]:
    """All corrections in a gallery's folder, oldest first; none where there is no file.

    Takes no lock. Raises SignatureError before anything is parsed when the signature does not fit, else ArtefactError.
    """
    path = gallery / CORRECTIONS_FILE
    if not path.exists():
        return ()
    value = unseal(path, box_key())
    check_format(path, value, _FORMAT, "corrections")
    entries = value.get("corrections")
    if not isinstance(entries, list) or len(entries) > MOST_CORRECTIONS:
        raise ArtefactError(f"{path}: not a list of corrections; delete it")
    try:
        corrections = tuple(map(unpack_correction, entries))
    except (ValueError, ArtefactError) as error:
        raise ArtefactError(f"{path}: not a list of corrections ({error}); delete it") from error
    lengths = {one.network: len(one.vector) for one in corrections}
    if any(len(one.vector) != lengths[one.network] for one in corrections):
        raise ArtefactError(f"{path}: vectors of one network that differ in length; delete it")
    return corrections


def add_corrections(gallery: Path, corrections: Sequence[Correction]) -> None:
    """Remember corrections besides those before. The latest word on a name and a vector takes the place of the others.

    Raises ArtefactError (no gallery there, another writer that does not end, a full disk); nothing has changed then.
    """
    said = {one.subject for one in corrections}
    with writers_lock(gallery):
        before = (one for one in read_corrections(gallery) if one.subject not in said)
        _write(gallery, [*before, *corrections])


def forget_corrections(gallery: Path, names: Sequence[NameSpan]) -> int:
    """Erase what was said of a person; returns how many corrections. Raises as `add_corrections`."""
    return _change(gallery, lambda one: is_of(one, names), lambda _one: ())


def is_of(correction: Correction, names: Sequence[NameSpan]) -> bool:
    """Whether a correction is of the person of these names."""
    return any(one.covers(correction.name, correction.at_ns) for one in names)


def rename_corrections(gallery: Path, old: str, new: str) -> int:
    """Have a person's corrections be of another name; returns how many. Raises as `add_corrections`."""
    new = checked_name(new)
    return _change(gallery, lambda one: one.name == old, lambda one: (dataclasses.replace(one, name=new),))


def take_back_corrections(gallery: Path, change: Difference) -> None:
    """Have corrections be as before a change. Raises InputError as `take_back` does, else as `add_corrections`."""
    with writers_lock(gallery):
        now = read_corrections(gallery)
        before = take_back(now, change)
        if before != list(now):
            _write(gallery, before)


def _change(
    gallery: Path, concerns: Callable[[Correction], bool], become: Callable[[Correction], tuple[Correction, ...]]
) -> int:
    if not (gallery / CORRECTIONS_FILE).exists():
        return 0
    with writers_lock(gallery):
        before = read_corrections(gallery)
        count = sum(map(concerns, before))
        if count:
            _write(gallery, [after for one in before for after in (become(one) if concerns(one) else (one,))])
    return count


def _write(gallery: Path, corrections: Sequence[Correction]) -> None:
    entries = [pack_correction(one) for one in corrections[-MOST_CORRECTIONS:]]
    value = {"format": _FORMAT, "corrections": entries} if entries else None
    write_sealed(gallery / CORRECTIONS_FILE, value, box_key(), sweep=True)


def pack_correction(correction: Correction) -> dict[str, Any]:
    """A correction as plain data."""
    values = {field.name: getattr(correction, field.name) for field in dataclasses.fields(correction)}
    return {**values, "kind": str(correction.kind), "vector": pack_array(correction.vector)}


def unpack_correction(entry: object) -> Correction:
    """The correction in plain data. Raises ValueError or ArtefactError where there is none."""
    if not isinstance(entry, dict) or set(entry) != set(_TYPES):
        raise ValueError("an entry that is no correction")
    for field, types in _TYPES.items():
        if type(entry[field]) not in types or (isinstance(entry[field], str) and len(entry[field]) > _LONGEST_TEXT):
            raise ValueError(f"{field} is {shown(entry[field])}")
    return Correction(**{**entry, "kind": CorrectionKind(entry["kind"]), "vector": unpack_array(entry["vector"])})
