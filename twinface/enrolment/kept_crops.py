"""Crops that are kept beside their vectors: cut when a picture is added, embedded again when the network changes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.enrolment.gate import CROP_SIZE_PX
from twinface.errors import ArtefactError, InputError
from twinface.faces.alignment import align_face
from twinface.faces.picture_files import decode_image, read_image
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import PersonVectors
from twinface.gallery.person_files import crop_key
from twinface.networks.feature_network import Network
from twinface.recognition.embedding import EmbeddedFace, embed_aligned
from twinface.types import Image

ADD_AGAIN = "add them again to a new gallery with the new network, and set store_crops = true for the next time"


def cut_kept_crop(picture: Path, face: EmbeddedFace, *, aligned: bool) -> bytes:
    """The face of a picture as a PNG of at most 224 pixels a side; `aligned` pictures are crops already.

    Raises InputError when the picture cannot be read any more.
    """
    image = read_image(picture)
    if not aligned:
        return encode_kept_crop(align_face(image, face.face.landmarks_px, CROP_SIZE_PX))
    if len(image) > CROP_SIZE_PX:
        image = np.asarray(cv2.resize(image, (CROP_SIZE_PX, CROP_SIZE_PX), interpolation=cv2.INTER_AREA), np.uint8)
    return encode_kept_crop(image)


def encode_kept_crop(crop: Image) -> bytes:
    """An aligned crop, uint8 (s, s, 3) BGR, as PNG: nothing of it is lost."""
    return bytes(cv2.imencode(".png", crop)[1])


@dataclass(frozen=True, slots=True)
class Gap:
    """A person of whose `pictures` vectors no crop was kept for `missing`."""

    name: str
    pictures: int
    missing: int


def find_gaps(gallery: Gallery) -> list[Gap]:
    """Whose vectors cannot all be made again. Raises ArtefactError or SignatureError for damaged crops."""
    gaps = []
    for name, person in gallery.people.items():
        crops = gallery.crops(name)
        missing = sum(crop_key(vector) not in crops for vector in person.vectors)
        if missing:
            gaps.append(Gap(name, len(person.files), missing))
    return gaps


def embed_again(gallery: Gallery, network: Network, gaps: list[Gap], advance: Callable[[], None]) -> int:
    """Make everybody's vectors again from their crops, by another network; returns how many. All of it, or nothing.

    Vectors without a crop are left out, which `gaps` allows. `advance` is called after each. Raises ArtefactError when
    there are other gaps by now, nothing is left, a crop is damaged, or the new gallery cannot be written.
    """
    recipe, count = network.recipe, 0
    with gallery.replacing(recipe.fingerprint, recipe.name) as put:
        if find_gaps(gallery) != gaps:
            raise ArtefactError(f"{gallery.folder}: somebody was added meanwhile; start again")
        for person in gallery.people.values():
            crops = gallery.crops(person.name)
            rows = [row for row, vector in enumerate(person.vectors) if crop_key(vector) in crops]
            if not rows:
                continue
            kept = [crops[crop_key(person.vectors[row])] for row in rows]
            vectors = []
            for crop in kept:
                vectors.append(_embed(person.name, crop, network))
                advance()
            renewed = PersonVectors(
                person.name,
                tuple(person.files[row] for row in rows),
                np.stack(vectors),
                person.quality[rows],
                recipe.fingerprint,
                tuple(person.sources[row] for row in rows),
            )
            put(renewed, {crop_key(vector): crop for vector, crop in zip(vectors, kept, strict=True)})
            count += len(rows)
        if not count:
            raise ArtefactError(f"{gallery.folder}: no crops are kept of anybody; {ADD_AGAIN}")
    return count


def _embed(name: str, crop: bytes, network: Network) -> NDArray[np.float32]:
    try:
        return embed_aligned(decode_image(crop, f"a crop of {name}"), network).vector
    except InputError as error:
        raise ArtefactError(f"{name}'s crops: {error}") from error
