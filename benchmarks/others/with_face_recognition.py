"""face_recognition (dlib) over the frames of a video, as its own example for a webcam does it, at full size.

    python with_face_recognition.py VIDEO FRAMES ENROLLED

Runs in an environment of its own. Prints one JSON object.
"""

import json
import sys
import time

import cv2
import face_recognition
import numpy as np


def main(video: str, frames: int, enrolled: int) -> None:
    """Warm up with the first frame, then measure `frames` of them."""
    known = list(np.random.default_rng(0).normal(size=(enrolled, 128)))
    capture = cv2.VideoCapture(video)
    found = 0
    started = cpu_s = 0.0
    for number in range(frames + 1):
        if number == 1:
            started, cpu_s = time.perf_counter(), time.process_time()
        _, frame = capture.read()
        picture = np.ascontiguousarray(frame[:, :, ::-1])
        vectors = face_recognition.face_encodings(picture, face_recognition.face_locations(picture))
        for vector in vectors:
            face_recognition.face_distance(known, vector).min()
        found += len(vectors) if number else 0
    cpu_ms = 1000 * (time.process_time() - cpu_s) / frames
    wall_ms = 1000 * (time.perf_counter() - started) / frames
    print(json.dumps({"frames": frames, "faces": found, "cpu_ms": cpu_ms, "wall_ms": wall_ms}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
