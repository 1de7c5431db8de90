"""Kept crops: the pictures that a person's vectors were made of, where the settings say that they be kept.

One signed file a person, beside their vectors: `<slug>.crops`, a PNG for each vector, found by the vector itself. It
is written before the vectors are and removed after them, so that a crash leaves pictures without a vector at worst;
the next change removes these.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.gallery.person import PersonVectors, person_path
from twinface.gallery.signing import check_format, unseal, write_sealed

SUFFIX = ".crops"
_FORMAT = 1


def crops_path(folder: Path, name: str) -> Path:
    """Where a person's crops stand, if any are kept."""
    return person_path(folder, name).with_suffix(SUFFIX)


def crop_key(vector: NDArray[np.float32]) -> str:
    """What the crop of a vector, float32 (d,), is found by."""
    return hashlib.sha256(np.ascontiguousarray(vector, dtype="<f4").tobytes()).hexdigest()[:32]


def crops_of(person: PersonVectors, crops: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of `crops` that are of one of the person's vectors."""
    keys = {crop_key(vector) for vector in person.vectors}
    return {key: crop for key, crop in crops.items() if key in keys}


def read_crops(path: Path, key: bytes) -> dict[str, bytes]:
    """A person's crops, encoded as PNG, by `crop_key`; none where there is no file.

    Raises SignatureError before anything is parsed when the signature does not fit, else ArtefactError.
    """
    if not path.exists():
        return {}
    value = unseal(path, key)
    check_format(path, value, _FORMAT, "crops")
    crops = value.get("crops")
    if not isinstance(crops, dict) or not all(isinstance(crop, bytes) for crop in crops.values()):
        raise ArtefactError(f"{path}: crops that are no pictures; delete it and add the pictures again")
    return crops


def write_crops(path: Path, crops: Mapping[str, bytes], key: bytes) -> None:
    """Write a person's crops; the file goes where there are none. Raises as `write_sealed` does."""
    write_sealed(path, {"format": _FORMAT, "crops": dict(crops)} if crops else None, key)
