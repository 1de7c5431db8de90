"""deepface over the frames of a video, with the same detector and network as ours: YuNet and SFace.

    python with_deepface.py VIDEO FRAMES ENROLLED

Runs in an environment of its own, in which deepface's folder of weights has both files. `ENROLLED` vectors are
compared with each face by cosine, as deepface does in memory. Prints one JSON object.
"""

import sys

import cv2
import numpy as np
from clocked import print_cost
from deepface import DeepFace


def main(video: str, frames: int, enrolled: int) -> None:
    """Warm up with the first frame, then measure `frames` of them."""
    known = np.random.default_rng(0).normal(size=(enrolled, 128))
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    capture = cv2.VideoCapture(video)

    def recognise() -> int:
        _, frame = capture.read()
        faces = DeepFace.represent(frame, model_name="SFace", detector_backend="yunet", enforce_detection=False)
        for face in faces:
            vector = np.asarray(face["embedding"])
            (known @ (vector / np.linalg.norm(vector))).max()
        return len(faces)

    print_cost(recognise, frames)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
