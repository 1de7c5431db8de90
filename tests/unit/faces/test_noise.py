"""What decoders print is heard with the picture that it is about, from many threads; nothing else is held back."""

import logging
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import pytest

from twinface.faces import read_image
from twinface.faces.picture_files import decode_image


def damaged(jpeg: bytes) -> bytes:
    """A picture whose decoder complains, and shows what it has."""
    place = len(jpeg) // 2
    return jpeg[:place] + b"\xff\x00" * 20 + jpeg[place + 40 :]


@pytest.fixture(scope="module")
def jpeg(portraits: Path) -> bytes:
    return bytes(cv2.imencode(".jpg", read_image(portraits / "person_b_1.jpg"))[1])


def test_each_complaint_has_its_picture_whatever_is_decoded_beside_it(
    jpeg: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    pictures = {f"{kind}-{number}": data for number in range(25) for kind, data in (("a", jpeg), ("b", damaged(jpeg)))}
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(4) as pool:
        shapes = set(pool.map(lambda name: decode_image(pictures[name], name).shape, pictures))
    assert len(shapes) == 1
    said = sorted(message.partition(": Corrupt JPEG data: ")[0] for message in caplog.messages)
    assert said == sorted(f"b-{number}" for number in range(25))
    assert not any(line.startswith("Corrupt") for line in capfd.readouterr().err.splitlines())


def test_a_complaint_is_said_once_a_picture(jpeg: bytes, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        decode_image(damaged(jpeg), "twice.jpg")
    (message,) = caplog.messages
    assert message.startswith("twice.jpg: Corrupt JPEG data: ")


def test_what_others_print_meanwhile_reaches_stderr(jpeg: bytes, tmp_path: Path) -> None:
    """A thread of a library that prints all the while: every line comes out, at worst as if of a picture."""
    (tmp_path / "a.jpg").write_bytes(jpeg)
    program = """
import ctypes, sys, threading
from pathlib import Path
from twinface.faces import read_image

libc = ctypes.CDLL(None)
done = threading.Event()

def talk():
    number = 0
    while number < 50 or (number < 20_000 and not done.is_set()):
        libc.fprintf(ctypes.c_void_p.in_dll(libc, "stderr"), b"%d|\\n", number)
        number += 1
    print(number)

thread = threading.Thread(target=talk)
thread.start()
for _ in range(20):
    read_image(Path(sys.argv[1]))
done.set()
thread.join()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.jpg"], capture_output=True, text=True, check=True
    )
    assert set(map(int, re.findall(r"(\d+)\|", ran.stderr))) == set(range(int(ran.stdout)))
