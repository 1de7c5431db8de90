"""A correction as plain data, as signed files have it."""

import dataclasses
from typing import Any

from twinface.corrections.correction import Correction, CorrectionKind
from twinface.files import shown
from twinface.gallery.signing import pack_array, unpack_array

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
    "box": (str,),
}
"""Of an entry as it is packed; one of this box says no box, as all of a box that shares nothing."""


def pack_correction(correction: Correction) -> dict[str, Any]:
    """A correction as plain data."""
    values = {field.name: getattr(correction, field.name) for field in dataclasses.fields(correction)}
    box = {"box": correction.box} if correction.box else {}
    del values["box"]
    return {**values, **box, "kind": str(correction.kind), "vector": pack_array(correction.vector)}


def unpack_correction(entry: object) -> Correction:
    """The correction in plain data. Raises ValueError or ArtefactError where there is none."""
    entry = {"box": "", **entry} if isinstance(entry, dict) else {}
    if set(entry) != set(_TYPES):
        raise ValueError("an entry that is no correction")
    for field, types in _TYPES.items():
        if type(entry[field]) not in types or (isinstance(entry[field], str) and len(entry[field]) > _LONGEST_TEXT):
            raise ValueError(f"{field} is {shown(entry[field])}")
    return Correction(**{**entry, "kind": CorrectionKind(entry["kind"]), "vector": unpack_array(entry["vector"])})
