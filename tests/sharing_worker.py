"""Somebody at a box who goes on changing people, saying what is wrong and right, taking it back, and seeing visitors.

python sharing_worker.py CONFIG SEED COUNTS; until SIGTERM. Appends a line to COUNTS for everything that was done, or
refused with a reason.
"""

import random
import sys
import time
from pathlib import Path

import numpy as np
from retrained_box import NETWORK, make_people, say
from seen_by_boxes import a_look, a_track_that_ends, an_event

from twinface.corrections import CorrectionKind, add_corrections
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.errors import TwinfaceError
from twinface.events import EventStore
from twinface.gallery import Gallery
from twinface.review.rename import remove, rename
from twinface.review.undo import undo
from twinface.settings import Settings
from twinface.settings_file import load_settings
from twinface.signals import stop_on_signal

_PEOPLE = 12


def _name(rng: random.Random) -> str:
    return f"person {rng.randrange(_PEOPLE):02}"


def _add(settings: Settings, rng: random.Random) -> None:
    (person,) = make_people(1, 2, first=rng.randrange(_PEOPLE), seed=rng.randrange(10**6))
    gallery = Gallery.open(settings.gallery, network=NETWORK, create=True)
    with recorded(Change(StepKind.ADD, "added", (person.name,), "worker"), settings):
        gallery.add(person.name, person.files, person.vectors, person.quality)


def _say(settings: Settings, rng: random.Random) -> None:
    name, kind = _name(rng), rng.choice([*CorrectionKind])
    vector = np.random.default_rng(rng.randrange(10**6)).normal(size=128)
    with recorded(Change(StepKind.REJECT, "said", (name,), "worker"), settings):
        add_corrections(settings.gallery, [say(kind, name, vector, time.time_ns())])


def _see(settings: Settings, rng: random.Random) -> None:
    track, at_ns = rng.randrange(10**6), time.time_ns()
    with EventStore(settings.events_path) as store:
        events = [an_event(name=_name(rng), at_ns=at_ns), a_track_that_ends(track, at_ns=at_ns)]
        store.append(events, [a_look(seed=rng.randrange(8), track=track)])


_DEEDS = {
    "added": _add,
    "said": _say,
    "seen": _see,
    "renamed": lambda settings, rng: rename(settings, _name(rng), _name(rng), merge=True, force=True),
    "removed": lambda settings, rng: remove(settings, _name(rng)),
    "taken back": lambda settings, _rng: undo(settings),
}
_WEIGHTS = (6, 8, 8, 2, 1, 2)


def main(config: str, seed: str, counts: str) -> None:
    settings, rng = load_settings(Path(config)), random.Random(int(seed))
    with stop_on_signal() as is_stopped, Path(counts).open("a", buffering=1) as out:
        while not is_stopped():
            (what,) = rng.choices([*_DEEDS], _WEIGHTS)
            try:
                _DEEDS[what](settings, rng)
                out.write(f"{what}\n")
            except TwinfaceError as error:
                out.write(f"refused: {type(error).__name__}\n")
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
