"""What is answered about single pictures: where faces are, whose, and who is enrolled from them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from twinface.averages.average import adjusted_vectors
from twinface.box.picture_enrolments import PictureEnrolments
from twinface.box.picture_search import PictureSearch
from twinface.box.picture_tools import PictureTools, plain_box, plain_candidate, plain_measures, require_picture
from twinface.errors import ArtefactError, InputError, NoFaceError, NotThereError, ServiceError
from twinface.faces.alignment import TEMPLATE_SIZE_PX, align_face
from twinface.faces.quality import measure_face
from twinface.gallery.person import PHOTOS, slug_of
from twinface.recognition.embedding import EmbeddedFace, describe_turn, embed_faces, embed_one_face
from twinface.recognition.naming import Naming
from twinface.settings import Settings
from twinface.types import Face, FaceMeasures, Image

MOST_FACES = 200
"""Of one picture, those that the detector is surest of: an answer has to fit into a message."""

Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class PictureDesk:
    """Answers requests by their verbs."""

    def __init__(self, settings: Settings) -> None:
        self._tools = PictureTools(settings)
        self._enrolments = PictureEnrolments(self._tools)
        self._search = PictureSearch(self._tools)
        self._handlers: dict[str, Handler] = {
            "prepare": self._prepare,
            "detect": self._detect,
            "identify": self._identify,
            "match": self._match,
            "search": self._search.answer,
            **self._enrolments.handlers,
        }
        self._used_at_s = time.monotonic()

    @property
    def idle_s(self) -> float:
        """How long nobody has asked, while nobody is being enrolled."""
        self._enrolments.end_unused()
        return 0.0 if self._enrolments.any_open else time.monotonic() - self._used_at_s

    def __call__(self, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer, JSON-ready. Raises ServiceError where the picture, or the box, does not allow one."""
        if verb not in self._handlers:
            raise ServiceError(f"unknown request {verb!r}; known: {', '.join(self._handlers)}", "unknown")
        try:
            return self._handlers[verb](arguments)
        except NotThereError as error:
            raise ServiceError(str(error), "not there") from error
        except InputError as error:
            raise ServiceError(str(error), "refused") from error
        except ArtefactError as error:
            raise ServiceError(str(error), "not usable") from error
        finally:
            self._used_at_s = time.monotonic()

    def _prepare(self, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Load what the first picture would have to wait for."""
        self._tools.load()
        self._search.read_ahead()
        return {"ready": True}

    def _detect(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        image = require_picture(arguments)
        faces = self._tools.detector.detect(image)
        found = [
            {
                "box_xyxy": plain_box(face),
                "landmarks": face.landmarks_px.round(1).tolist(),
                "detection_score": face.detection_score,
                "measures": plain_measures(_measure(image, face)),
            }
            for face in faces[:MOST_FACES]
        ]
        return {**self._size(image, faces), "faces": found}

    def _identify(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        image, naming = require_picture(arguments), self._tools.naming
        embedded = embed_faces(image, self._tools.detector, self._tools.network)
        faces = [_named(naming, one) for one in embedded[:MOST_FACES]]
        return {**self._size(image, [one.face for one in embedded]), "faces": faces}

    def _match(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """How alike the main faces of two pictures are: `score` 0…1, one person's from `threshold` on."""
        naming, tools, pair = self._tools.naming, self._tools, []
        for image in (require_picture(arguments), require_picture({"picture": arguments["other"]})):
            try:
                pair.append(embed_one_face(image, tools.detector, tools.network).vector[np.newaxis])
            except NoFaceError as error:
                raise ServiceError("no face found", "no face") from error
        first, second = (adjusted_vectors(one, PHOTOS, naming.averages) for one in pair)
        score = float(naming.head.score(first[0], second)[0])
        return {"score": round(score, 6), "threshold": naming.threshold_of_pairs.value}

    def _size(self, image: Image, faces: Sequence[Face]) -> Mapping[str, Any]:
        turned = describe_turn(self._tools.detector.find_turn_deg(image, list(faces)))
        return {"width_px": image.shape[1], "height_px": image.shape[0], "warning": turned or ""}


def _named(naming: Naming, embedded: EmbeddedFace) -> Mapping[str, Any]:
    decision = naming.of_picture(embedded.vector)
    return {
        "box_xyxy": plain_box(embedded.face),
        "state": decision.state,
        "name": decision.name,
        "id": slug_of(decision.name) if decision.name else None,
        "score": round(decision.score, 6),
        "threshold": naming.bounds["threshold"],
        "candidates": [plain_candidate(one) for one in decision.candidates],
        "reason": decision.reason,
        "measures": plain_measures(embedded.measures),
        "landmarks": embedded.face.landmarks_px.round(1).tolist(),
    }


def _measure(image: Image, face: Face) -> FaceMeasures:
    return measure_face(align_face(image, face.landmarks_px, TEMPLATE_SIZE_PX), face)
