"""Faces to find the scales of an int8 network with."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError, NoFaceError
from twinface.faces.alignment import align_face
from twinface.faces.choice import pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.pictures import read_image
from twinface.networks.feature_network import preprocess
from twinface.networks.recipe import NetworkRecipe
from twinface.recognition.picture_folders import OnPicture, pictures_below
from twinface.text import plural
from twinface.types import Image

MOST_CROPS = 200


def representative_input(folder: Path, recipe: NetworkRecipe, on_picture: OnPicture) -> NDArray[np.float32]:
    """Network input, (n, s, s, 3), of up to 200 faces spread over the pictures of a folder and its sub-folders.

    A square in which no face is found is taken for an aligned crop. Raises InputError when no picture has a face.
    """
    pictures = list(pictures_below(folder))
    chosen = [pictures[place] for place in range(0, len(pictures), max(1, len(pictures) // MOST_CROPS))][:MOST_CROPS]
    detector = FaceDetector(second_look=True)
    crops = []
    for path in chosen:
        try:
            crops.append(_cut(read_image(path), detector, recipe.input_size_px))
        except InputError as error:
            on_picture(path, error)
        else:
            on_picture(path, None)
    if not crops:
        raise InputError(
            f"--representative {folder}: no face in {plural(len(chosen), 'picture')}; name a folder of faces"
        )
    return preprocess(np.stack(crops), recipe)


def _cut(image: Image, detector: FaceDetector, size_px: int) -> Image:
    try:
        face = pick_main_face(detector.detect(image), image.shape)
    except NoFaceError:
        if image.shape[0] != image.shape[1]:
            raise
        return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)
    return align_face(image, face.landmarks_px, size_px)
