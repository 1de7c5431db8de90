"""The vectors of a person, where each comes from, and those of everybody in one matrix, to match against.

A vector comes from `photos`, `camera:door`, or another source that somebody named. Vectors of one source share a
direction, because the network sees its lens and light in all of them (docs/decisions/averages.md).
"""

import hashlib
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, InputError
from twinface.types import Vectors

PHOTOS = "photos"
"""The source of pictures of which nobody said another one."""

_CAMERA = "camera:"
_SOURCE = re.compile(rf"(?:{_CAMERA})?[A-Za-z0-9_-]{{1,32}}")


def camera_source(camera: str) -> str:
    """The source of what the camera of this name sees."""
    return f"{_CAMERA}{camera}"


def is_camera(source: str) -> bool:
    """Whether a source is a camera."""
    return source.startswith(_CAMERA)


def is_source(text: object) -> bool:
    """Whether it is the name of a source."""
    return isinstance(text, str) and _SOURCE.fullmatch(text) is not None


def checked_source(text: str) -> str:
    """The source that somebody named. Raises InputError for a name that no camera could have either."""
    if not is_source(text):
        raise InputError(
            f"the source {text[:64]!a}: write 1 to 32 of the characters A-Z a-z 0-9 _ -, after `{_CAMERA}` for a camera"
        )
    return text


def shared(sources: Iterable[str]) -> tuple[str, ...]:
    """The same names, each as one object however often it is there, which a pickle then holds once."""
    return tuple(map(sys.intern, sources))


def count_sources(sources: Iterable[str]) -> dict[str, int]:
    """How many vectors are from each source, in the order of their names."""
    return dict(sorted(Counter(sources).items()))


_MAX_DIMENSION = 1 << 20
_SAME_PICTURE_COSINE = 0.9999


@dataclass(frozen=True, slots=True, eq=False)
class PersonVectors:
    """What is known of one person: `vectors` float32 (n, d), one for each of `files`, as the network gave them.

    `quality` is float32 (n,), 0…1; `network` the fingerprint of the network; `sources` where each vector comes from,
    PHOTOS for all of them unless said. Raises ArtefactError where these do not fit each other or hold something that is
    not a finite number.
    """

    name: str
    files: tuple[str, ...]
    vectors: Vectors
    quality: NDArray[np.float32]
    network: str
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape, count = self.vectors.shape, len(self.files)
        if not self.sources:
            object.__setattr__(self, "sources", (PHOTOS,) * count)
        if self.vectors.dtype != np.float32 or len(shape) != 2 or not 0 < shape[1] <= _MAX_DIMENSION:
            raise ArtefactError(
                f"{self.name}: vectors must be float32 (n, d), these are {self.vectors.dtype} {shape}; extract again"
            )
        if count == 0 or shape[0] != count or self.quality.shape != (count,) or self.quality.dtype != np.float32:
            raise ArtefactError(
                f"{self.name}: {count} pictures, {shape[0]} vectors and {self.quality.size} qualities; extract again"
            )
        if not np.isfinite(self.vectors).all() or not np.isfinite(self.quality).all():
            raise ArtefactError(f"{self.name}: vectors that are not finite numbers; check the network, extract again")
        if len(self.sources) != count or not all(map(is_source, self.sources)):
            raise ArtefactError(f"{self.name}: {count} pictures without a source each; extract again")

    @property
    def version(self) -> str:
        """Another one whenever anything of the person is another one: 16 hex digits."""
        digest = hashlib.sha256(
            repr((self.name, self.files, self.sources, self.network)).encode("utf-8", "backslashreplace")
        )
        for array in (self.vectors, self.quality):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def picked(self, rows: Sequence[int]) -> Self:
        """The same person with some of the pictures, one at least."""
        files, sources = (tuple(some[row] for row in rows) for some in (self.files, self.sources))
        return replace(self, files=files, vectors=self.vectors[rows], quality=self.quality[rows], sources=sources)


def appended(old: PersonVectors | None, new: PersonVectors) -> PersonVectors:
    """`old` with those pictures of `new` whose vectors neither it nor an earlier one of them has; both of one length.

    The vector tells a picture, since one file may be added under two paths, and two files have the same name.
    """
    vectors = new.vectors if old is None else np.concatenate([old.vectors, new.vectors])
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    kept = list(range(0 if old is None else len(old.files)))
    for row in range(len(kept), len(unit)):
        if not (unit[kept] @ unit[row] > _SAME_PICTURE_COSINE).any():
            kept.append(row)
    files = new.files if old is None else old.files + new.files
    quality = new.quality if old is None else np.concatenate([old.quality, new.quality])
    sources = new.sources if old is None else old.sources + new.sources
    return PersonVectors(
        new.name,
        tuple(files[row] for row in kept),
        vectors[kept],
        quality[kept],
        new.network,
        tuple(sources[row] for row in kept),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A gallery at one version: vector i is of `names[person_index[i]]`.

    `person_index` int32 (n,), ascending; `vectors` float32 (n, d), read-only, (0, 0) when nobody is known; `network` is
    the fingerprint; `sources` are where each vector comes from.
    """

    names: tuple[str, ...]
    person_index: NDArray[np.int32]
    vectors: Vectors
    version: int
    network: str
    sources: tuple[str, ...] = ()


def take_snapshot(people: Sequence[PersonVectors], version: int, network: str) -> Snapshot:
    """Copy everybody's vectors, which have one length, into one matrix."""
    counts = [len(person.files) for person in people]
    vectors: Vectors = np.empty((0, 0), np.float32)
    if people:
        vectors = np.concatenate([person.vectors for person in people])
    vectors.flags.writeable = False
    index = np.repeat(np.arange(len(people), dtype=np.int32), counts)
    sources = tuple(source for person in people for source in person.sources)
    return Snapshot(tuple(person.name for person in people), index, vectors, version, network, sources)


def slug_of(name: str) -> str:
    """A file name for any name: a readable part, and 64 bits of its sha256, so that no two names share one."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", folded)[:40].strip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{readable}-{digest}" if readable else digest


def person_path(folder: Path, name: str) -> Path:
    """Where a person's signed pickle stands in a folder of people."""
    return folder / f"{slug_of(name)}.pkl"
