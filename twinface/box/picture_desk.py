"""What is answered about single pictures: where faces are, and whose."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from twinface.averages.averages_in_use import AveragesInUse, FacesFile
from twinface.box.handed_files import read_handed
from twinface.box.pictures_client import MOST_BYTES
from twinface.errors import ArtefactError, InputError, NotThereError, ServiceError
from twinface.faces.alignment import TEMPLATE_SIZE_PX, align_face
from twinface.faces.detection import FaceDetector
from twinface.faces.pictures import decode_image
from twinface.faces.quality import measure_face
from twinface.gallery.person import slug_of
from twinface.networks.registry import load_network
from twinface.recognition.averaging import bundled_average
from twinface.recognition.embedding import EmbeddedFace, describe_turn, embed_faces
from twinface.recognition.naming import Naming
from twinface.settings import Settings
from twinface.types import Candidate, Decision, Face, FaceMeasures, Image

MOST_FACES = 200
"""Of one picture, those that the detector is surest of: an answer has to fit into a message."""

Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class PictureDesk:
    """Answers requests by their verbs; what it needs for one is loaded when it is first needed.

    `used_at_s` is when somebody asked last, by the monotonic clock.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._handlers: dict[str, Handler] = {"detect": self._detect, "identify": self._identify}
        self.used_at_s = time.monotonic()

    def __call__(self, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer, JSON-ready. Raises ServiceError where the picture, or the box, does not allow one."""
        if verb not in self._handlers:
            raise ServiceError(f"unknown request {verb!r}; known: {', '.join(self._handlers)}", "unknown")
        try:
            return self._handlers[verb](arguments)
        except NotThereError as error:
            raise ServiceError(str(error), "not there") from error
        except InputError as error:
            raise ServiceError(str(error), "unreadable") from error
        except ArtefactError as error:
            raise ServiceError(str(error), "not usable") from error
        finally:
            self.used_at_s = time.monotonic()

    @cached_property
    def _detector(self) -> FaceDetector:
        detection = self._settings.detection
        return FaceDetector(
            score_threshold=detection.score_threshold, max_side_px=detection.max_side_px, second_look=True
        )

    @cached_property
    def _namer(self) -> "_Namer":
        return _Namer(self._settings)

    def _detect(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        image = read_picture(arguments)
        faces = self._detector.detect(image)
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
        image, namer = read_picture(arguments), self._namer
        namer.refresh()
        embedded = embed_faces(image, self._detector, namer.network)
        faces = [namer.plain(one) for one in embedded[:MOST_FACES]]
        return {**self._size(image, [one.face for one in embedded]), "faces": faces}

    def _size(self, image: Image, faces: Sequence[Face]) -> Mapping[str, Any]:
        turned = describe_turn(self._detector.find_turn_deg(image, list(faces)))
        return {"width_px": image.shape[1], "height_px": image.shape[0], "warning": turned or ""}


class _Namer:
    """Names faces of pictures by the gallery, head and averages of this moment, as the matcher those of cameras."""

    def __init__(self, settings: Settings) -> None:
        self.network = load_network(settings.network)
        recipe = self.network.recipe
        self._naming = Naming(settings.gallery, settings.head, recipe, settings.matching)
        prior = bundled_average(settings, recipe.fingerprint, recipe.dimension)
        self._averages = AveragesInUse(FacesFile(settings.averages_path, recipe.fingerprint), prior)

    def refresh(self) -> None:
        """Take up what has changed. Raises ArtefactError where nobody can be named."""
        self._naming.refresh()
        self._averages.refresh(self._naming.people)
        self._naming.take_averages(self._averages.snapshot)
        if self._naming.problem and not self._naming.people:
            raise ArtefactError(self._naming.problem)

    def plain(self, embedded: EmbeddedFace) -> Mapping[str, Any]:
        """A face and who it is, JSON-ready."""
        decision: Decision = self._naming.of_picture(embedded.vector)
        return {
            "box_xyxy": plain_box(embedded.face),
            "state": decision.state,
            "name": decision.name,
            "id": slug_of(decision.name) if decision.name else None,
            "score": round(decision.score, 6),
            "threshold": self._naming.bounds["threshold"],
            "candidates": [plain_candidate(one) for one in decision.candidates],
            "reason": decision.reason,
            "measures": plain_measures(embedded.measures),
        }


def read_picture(arguments: Mapping[str, Any]) -> Image:
    """The picture that was handed over, turned upright. Raises InputError where it is none that can be read."""
    return decode_image(read_handed(arguments["picture"], MOST_BYTES), "the picture")


def plain_box(face: Face) -> list[float]:
    """Where a face is, in pixels."""
    return [round(float(one), 1) for one in face.box_xyxy]


def plain_measures(measures: FaceMeasures) -> Mapping[str, float]:
    """The measures of a face, and the quality that is made of them."""
    return {name: round(value, 3) for name, value in {**asdict(measures), "quality": measures.quality}.items()}


def plain_candidate(one: Candidate) -> Mapping[str, Any]:
    """Somebody of the gallery who may be meant."""
    return {"name": one.name, "id": slug_of(one.name), "score": round(one.score, 6)}


def _measure(image: Image, face: Face) -> FaceMeasures:
    return measure_face(align_face(image, face.landmarks_px, TEMPLATE_SIZE_PX), face)
