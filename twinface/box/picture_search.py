"""The search by a face, as a question to the process that reads pictures."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from twinface.averages.average import Averages
from twinface.box.picture_tools import PictureTools, plain_box, require_picture
from twinface.errors import ArtefactError, NoFaceError, NotThereError, ServiceError
from twinface.gallery.person import slug_of
from twinface.recognition.embedding import embed_one_face
from twinface.recognition.look_search import LookSearch, MatchingVisit, WhichLooks
from twinface.types import Face


class PictureSearch:
    """Answers which visits the face of a picture matches."""

    def __init__(self, tools: PictureTools) -> None:
        self._tools = tools

    @cached_property
    def _looks(self) -> LookSearch:
        return LookSearch(self._tools.settings.events_path, self._tools.network.recipe)

    def read_ahead(self) -> None:
        """Read the looks in a thread, so that the first search has not to wait for it."""
        with suppress(ArtefactError):  # whoever searches hears of it
            averages = self._tools.naming.averages
            threading.Thread(target=self._read, args=(averages,), name="looks", daemon=True).start()

    def _read(self, averages: Averages | None) -> None:
        with suppress(ArtefactError):
            self._looks.read(averages)

    def answer(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The faces of the picture, which of them was searched for, and the visits."""
        image, tools = require_picture(arguments), self._tools
        wanted: int | None = arguments["face"]
        found: list[Face] = []

        def pick(faces: Sequence[Face], _shape: tuple[int, ...]) -> Face:
            found.extend(faces)
            return faces[_choose(faces, wanted)]

        try:
            embedded = embed_one_face(image, tools.detector, tools.network, pick)
        except NoFaceError as error:
            raise ServiceError(f"the picture: {error}", "no face") from error
        naming = tools.naming
        which = WhichLooks(*(arguments[name] for name in ("since_ns", "until_ns", "camera", "limit")))
        visits = self._looks.search(embedded.vector, naming, which)
        threshold = naming.threshold_of_pairs
        return {
            "faces": [{"box_xyxy": plain_box(face)} for face in found[:200]],
            "face": _choose(found, wanted),
            "threshold": threshold.value,
            "false_accept_rate": threshold.rate,
            "visits": [_plain(visit) for visit in visits],
        }


def _choose(faces: Sequence[Face], wanted: int | None) -> int:
    """The number of the face that is meant: the largest where none is named."""
    if not faces:
        raise NoFaceError("no face was found")
    if wanted is None:
        return max(range(len(faces)), key=lambda number: faces[number].width_px * faces[number].height_px)
    if wanted >= len(faces):
        raise NotThereError(f"the picture has no face {wanted}; its {len(faces)} are counted from 0")
    return wanted


def _plain(visit: MatchingVisit) -> Mapping[str, Any]:
    span = visit.span
    return {
        "track": str(visit.key),
        "look": visit.crop,
        "camera": visit.key.camera,
        "since_ns": span.since_ns,
        "until_ns": span.until_ns,
        "name": span.name,
        "id": slug_of(span.name) if span.name else None,
        "state": span.state,
        "score": round(visit.score, 6),
    }
