"""face_recognition (dlib) over the frames of a video, as its own example for a webcam does it, at full size.

    python with_face_recognition.py VIDEO FRAMES ENROLLED

Runs in an environment of its own. Prints one JSON object.
"""

import sys

import cv2
import face_recognition
import numpy as np
from clocked import print_cost


def main(video: str, frames: int, enrolled: int) -> None:
    """Warm up with the first frame, then measure `frames` of them."""
    known = list(np.random.default_rng(0).normal(size=(enrolled, 128)))
    capture = cv2.VideoCapture(video)

    def recognise() -> int:
        _, frame = capture.read()
        picture = np.ascontiguousarray(frame[:, :, ::-1])
        vectors = face_recognition.face_encodings(picture, face_recognition.face_locations(picture))
        for vector in vectors:
            face_recognition.face_distance(known, vector).min()
        return len(vectors)

    print_cost(recognise, frames)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
