"""Fuzzing for hours, by hand: `pip install atheris`, then this with `"head.npz" -max_total_time=600`.

Guided by coverage where atheris is installed (https://github.com/google/atheris), by chance elsewhere. The first
argument is one of decoders.DECODERS; what ends in anything but a TwinfaceError of one line is a fault, and stops it.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["TWINFACE_KEY_FILE"] = str(Path(tempfile.mkdtemp()) / "key")

from bombs import KEY
from decoders import DECODERS, damaged

from twinface.errors import TwinfaceError

_CHANCE_S = float(os.environ.get("FUZZ_S", "60"))


def main() -> None:
    """Fuzz one decoder."""
    key = Path(os.environ["TWINFACE_KEY_FILE"])
    key.write_bytes(KEY)
    key.chmod(0o600)
    decoder, folder = DECODERS[sys.argv[1]], Path(tempfile.mkdtemp())
    examples = decoder.examples(folder)

    def decode(data: bytes) -> None:
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        try:
            decoder.decode(data, folder)
        except TwinfaceError as error:
            if "\n" in str(error):
                raise AssertionError("more than one line") from error

    try:
        import atheris
    except ImportError:
        _by_chance(decode, examples)
        return
    corpus = Path(tempfile.mkdtemp())
    for number, example in enumerate(examples):
        (corpus / str(number)).write_bytes(example)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *sys.argv[2:], str(corpus)], decode)
    atheris.Fuzz()


def _by_chance(decode: Callable[[bytes], None], examples: list[bytes]) -> None:
    end_s, seed = time.monotonic() + _CHANCE_S, random.SystemRandom().randrange(1 << 32)
    count = 0
    while time.monotonic() < end_s:
        data = damaged(examples[count % len(examples)], seed + count)
        try:
            decode(data)
        except BaseException:
            print(f"seed {seed + count}, bytes {data!r}")
            raise
        count += 1
    print(f"{count} examples, none of them a fault")


if __name__ == "__main__":
    main()
