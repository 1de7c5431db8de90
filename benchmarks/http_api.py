"""The HTTP API against its own document: schemathesis makes requests of all kinds, and none may end in a 5xx.

    .venv/bin/python benchmarks/http_api.py [--schemathesis st] [--examples 30] [--only /people]

Needs schemathesis, in an environment of its own because of what it depends on: `pip install schemathesis` there, and
name its `st`. Runs the real web process and the real process that reads pictures over a box with people, pictures of
them, visits, looks and unknown visitors, all of them made up. A server that has no matcher and no trainer answers 503
for what needs these; that is no fault, and everything else of 500 and above is. Takes some minutes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from web_site import running_site

from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.networks import find_recipe
from twinface.settings import UnknownSettings
from twinface.types import Candidate
from twinface.unknowns import Unknowns

_S = 10**9
_PEOPLE = ("Ada", "Bob", "Zoë", "<b>x</b>")
_HOOKS = """
import schemathesis

@schemathesis.check
def answers_or_says_what_is_missing(ctx, response, case):
    if response.status_code >= 500:
        assert response.status_code == 503 and "application/problem+json" in response.headers["content-type"][0], (
            f"{response.status_code}: {response.text[:500]}"
        )
"""


def _write_gallery(folder: Path, rng: np.random.Generator) -> None:
    recipe = find_recipe("sface")
    gallery = Gallery.open(folder, network=recipe.fingerprint, network_name="sface", create=True)
    crop = cv2.imencode(".png", np.full((112, 112, 3), 90, np.uint8))[1].tobytes()
    for name in _PEOPLE:
        vectors = rng.normal(size=(3, recipe.dimension)).astype(np.float32)
        gallery.add(name, ("1.jpg", "2.jpg", "3.jpg"), vectors, np.ones(3, np.float32), [crop] * 3)


def _write_events(path: Path, rng: np.random.Generator) -> None:
    recipe, begin_ns = find_recipe("sface"), time.time_ns() - 10**5 * _S
    faces = rng.normal(size=(5, recipe.dimension))
    events, looks = [], []
    for track in range(60):
        key, since_ns, is_ada = TrackKey("front", 77, track), begin_ns + track * 100 * _S, track % 3 == 0
        name, state = ("Ada", "known") if is_ada else (None, ("unknown", "uncertain")[track % 2])
        for subject in (Subject.TRACK, Subject.PERSON)[: 1 + is_ada]:
            for kind, said, after in ((Kind.ENTER, "pending", 0), (Kind.UPDATE, state, 1), (Kind.EXIT, state, 9)):
                at_ns = since_ns + after * _S
                events.append(Event(kind, subject, "front", 77, track, name, said, 0.5, at_ns, since_ns, 1.0, 1.0, 1))
        for crop in range(2):
            vector = (faces[track % 5] + 0.1 * rng.normal(size=recipe.dimension)).astype(np.float32)
            near = (Candidate("Ada", 0.5), Candidate("Bob", 0.4))
            looks.append(
                LookRecord(
                    key,
                    2 * track + crop,
                    0,
                    since_ns + crop,
                    1,
                    recipe.fingerprint,
                    vector,
                    0.8,
                    state,
                    name,
                    0.5,
                    together=near,
                )
            )
    with EventStore(path) as store:
        store.append(events, looks)
    Unknowns(path, UnknownSettings(), lambda _look: True).take(events)


def main() -> None:
    """See the module's text; the exit status is that of schemathesis."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemathesis", default="st")
    parser.add_argument("--examples", type=int, default=30)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twinface-", dir="/tmp") as name:
        folder, rng = Path(name), np.random.default_rng(0)
        os.environ.update({KEY_VARIABLE: str(folder / "key"), "HOME": name, "SCHEMATHESIS_HOOKS": "hooks"})
        (folder / "hooks.py").write_text(_HOOKS)
        _write_gallery(folder / "gallery", rng)
        _write_events(folder / "events.sqlite", rng)
        with running_site(folder, 'network = "sface"\n') as site:
            environment = {**os.environ, "TWINFACE_CONFIG": str(site.config)}
            pictures = subprocess.Popen([sys.executable, "-P", "-m", "services.pictures"], env=environment)
            api = f"{site.url}api/v1"
            only = ["--include-path-regex", arguments.only] if arguments.only else []
            only += ["--exclude-path-regex", "^/live"]  # streams, which do not end
            command = [arguments.schemathesis, "run", f"{api}/openapi.json", "--url", api, *only]
            command += ["--checks", "answers_or_says_what_is_missing", "--max-examples", str(arguments.examples)]
            done = subprocess.run(
                [*command, "--workers", "1", "--seed", "1", "--continue-on-failure"],
                env={**environment, "PYTHONPATH": name},
                check=False,
                cwd=folder,
            )
            pictures.terminate()
            pictures.wait()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
