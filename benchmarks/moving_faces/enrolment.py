"""A gallery made of pictures, faster than by one command a person."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from twinface.faces import pick_main_face, read_image
from twinface.gallery import Gallery
from twinface.networks import Network
from twinface.recognition.embedding import embed_one_face, open_detector


def enrol(people: Mapping[str, Sequence[Path]], folder: Path, network: Network) -> None:
    """Put the main face of each picture into the gallery of a folder; no gate judges them."""
    detector, recipe = open_detector(), network.recipe
    gallery = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
    for name, pictures in people.items():
        faces = [embed_one_face(read_image(path), detector, network, pick_main_face) for path in pictures]
        quality = np.array([face.quality for face in faces], np.float32)
        gallery.add(name, [path.name for path in pictures], np.stack([face.vector for face in faces]), quality)
