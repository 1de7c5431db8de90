"""The file of what cameras have shown: signed, whole or not there, one writer at a time.

    averages.pkl    beside the gallery, 0600: {format, network, dimension, sources: {name: faces}}

The matcher writes it, and `forget` and `averages --reset` do; everybody reads it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from twinface.averages.average import Averages
from twinface.averages.clusters import MOST_CLUSTERS, SAME_FACE_COSINE, Clusters
from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.files import make_folder, only_writer, sync
from twinface.gallery.keys import box_key
from twinface.gallery.person import PersonVectors, is_source
from twinface.gallery.signing import check_format, pack_array, unpack_array, unseal, write_sealed
from twinface.matching.vectors import normalised

MOST_SOURCES = 32
"""Twice as many as there are cameras, for some that are called otherwise now; those not seen for longest give way."""

_FORMAT = 1
_STAMPS = ("tracks", "since_ns", "seen_ns")
_LARGEST = 2**62
_MEND = "`twinface averages --reset all` begins again"


def read_faces(path: Path, network: str) -> dict[str, Clusters]:
    """The faces that each camera has shown, by its source; nothing where there is no file.

    Takes no lock. Raises SignatureError before anything is parsed when the signature does not fit, FingerprintError
    for those of another network than `network`, else ArtefactError.
    """
    if not path.exists():
        return {}
    value = unseal(path, box_key())
    check_format(path, value, _FORMAT, "averages")
    if value.get("network") != network:
        raise FingerprintError(f"{path}: averages of another network; they are learnt again")
    sources, dimension = value.get("sources"), value.get("dimension")
    try:
        if type(dimension) is not int or not isinstance(sources, dict) or len(sources) > MOST_SOURCES:
            raise ValueError("no table of sources")
        return {source: _unpack(source, faces, dimension) for source, faces in sources.items()}
    except (ValueError, TypeError, OverflowError) as error:
        raise ArtefactError(f"{path}: no averages ({error}); {_MEND}") from error


def write_faces(path: Path, faces: Mapping[str, Clusters], network: str) -> None:
    """Write what each camera has shown, whole or not at all; for who holds the lock. Raises ArtefactError."""
    newest = sorted((source for source in faces if len(faces[source])), key=lambda one: -int(faces[one].seen_ns.max()))
    kept = {source: faces[source] for source in sorted(newest[:MOST_SOURCES])}
    dimension = next((clusters.centres.shape[1] for clusters in kept.values()), 0)
    packed = {source: _pack(clusters) for source, clusters in kept.items()}
    value = {"format": _FORMAT, "network": network, "dimension": dimension, "sources": packed}
    write_sealed(path, value, box_key(), sweep=True)


@contextmanager
def averages_lock(path: Path) -> Iterator[None]:
    """Keep others from writing the file until the block ends. Raises ArtefactError."""
    try:
        make_folder(path.parent)
    except OSError as error:
        raise ArtefactError(
            f"{path.parent}: cannot be made ({error.strerror}); name another [averages] path"
        ) from error
    with only_writer(path):
        yield


def forget_person(path: Path, person: PersonVectors, averages: Averages, *, dry_run: bool = False) -> int:
    """Erase the faces that may be the person's, whatever camera showed them; returns how many.

    `averages` are of the sources that their own vectors are from. A dry run erases nothing. Whoever writes the file
    next begins with what is left. Raises as `read_faces`.
    """
    if not path.exists():
        return 0
    with averages_lock(path):
        faces = read_faces(path, person.network)
        own = {source: clusters.average(averages.prior) for source, clusters in faces.items()}
        taken_off = np.stack([own.get(source, averages.of(source)) for source in person.sources])
        probes = normalised(normalised(person.vectors) - taken_off)
        kept = {
            source: clusters.only(clusters.likeness(probes, own[source]).max(axis=1) < SAME_FACE_COSINE)
            for source, clusters in faces.items()
        }
        if not dry_run:
            write_faces(path, kept, person.network)
    return sum(len(faces[source]) - len(kept[source]) for source in faces)


def reset_faces(path: Path, network: str, source: str) -> None:
    """Erase what a source has shown. Raises InputError where it has shown nobody, else as `read_faces`."""
    with averages_lock(path):
        faces = read_faces(path, network)
        if source not in faces:
            raise InputError(f"nothing was learnt from {source!a}; `twinface averages` lists the sources")
        write_faces(path, {other: clusters for other, clusters in faces.items() if other != source}, network)


def reset_all_faces(path: Path) -> None:
    """Erase what all cameras have shown, whatever is wrong with the file. Raises ArtefactError."""
    with averages_lock(path):
        try:
            path.unlink(missing_ok=True)
            sync(path.parent)
        except OSError as error:
            raise ArtefactError(f"{path}: cannot be removed ({error.strerror})") from error


def _pack(clusters: Clusters) -> dict[str, Any]:
    stamps = {name: getattr(clusters, name).tolist() for name in _STAMPS}
    return {"centres": pack_array(clusters.centres), **stamps}


def _unpack(source: str, packed: object, dimension: int) -> Clusters:
    """The faces in plain data. Raises ValueError, TypeError or OverflowError where there are none."""
    if not is_source(source) or not isinstance(packed, dict):
        raise ValueError("a source that is none")
    centres = unpack_array(packed.get("centres"))
    count = len(centres)
    if centres.ndim != 2 or centres.shape[1] != dimension or not 0 < count <= MOST_CLUSTERS:
        raise ValueError(f"faces of shape {centres.shape}")
    is_small = bool((np.abs(centres) < 1.1).all())  # before it is squared
    if not is_small or not (np.abs(np.linalg.norm(centres, axis=1) - 1.0) < 1e-3).all():
        raise ValueError("vectors that are not of length 1")
    stamps = {name: packed.get(name) for name in _STAMPS}
    for name, values in stamps.items():
        if not isinstance(values, list) or len(values) != count:
            raise ValueError(f"{name} of {count} faces")
        if not all(type(value) is int and 0 <= value <= _LARGEST for value in values):
            raise ValueError(f"{name} that are no numbers")
    return Clusters(centres, **{name: np.array(values, np.int64) for name, values in stamps.items()})
