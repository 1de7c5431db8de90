"""twinface: twin networks that put names to faces, live, on a small box that nobody visits.

    import twinface

    twinface.enrol("Ada Lovelace", "photos/ada")
    for face in twinface.identify("party.jpg").faces:
        print(face.name, face.score, face.box_xyxy)

What `__all__` lists is for programs. It is loaded when it is first used, so that importing this costs next to nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from twinface.errors import (
    ArtefactError,
    AssetError,
    InputError,
    ServiceError,
    SettingsError,
    TwinfaceError,
    UserError,
)

if TYPE_CHECKING:
    from twinface.api import enrol, evaluate, follow, identify, load_settings, open_gallery, open_identifier
    from twinface.box.following import MatchFollower
    from twinface.enrolment.one_person import EnrolledPictures
    from twinface.evaluation.figures.results import FeaturesEvaluation
    from twinface.gallery import Gallery
    from twinface.messages.schema import MatchEvent
    from twinface.recognition.identification import IdentifiedPicture, Identifier, NamedFace
    from twinface.settings import Settings
    from twinface.types import Decision, Face, State

__version__ = "0.2.0"

__all__ = [
    "ArtefactError",
    "AssetError",
    "Decision",
    "EnrolledPictures",
    "Face",
    "FeaturesEvaluation",
    "Gallery",
    "IdentifiedPicture",
    "Identifier",
    "InputError",
    "MatchEvent",
    "MatchFollower",
    "NamedFace",
    "ServiceError",
    "Settings",
    "SettingsError",
    "State",
    "TwinfaceError",
    "UserError",
    "__version__",
    "enrol",
    "evaluate",
    "follow",
    "identify",
    "load_settings",
    "open_gallery",
    "open_identifier",
]

_HOMES = {
    "Decision": "twinface.types",
    "EnrolledPictures": "twinface.enrolment.one_person",
    "Face": "twinface.types",
    "FeaturesEvaluation": "twinface.evaluation.figures.results",
    "Gallery": "twinface.gallery",
    "IdentifiedPicture": "twinface.recognition.identification",
    "Identifier": "twinface.recognition.identification",
    "MatchEvent": "twinface.messages.schema",
    "MatchFollower": "twinface.box.following",
    "NamedFace": "twinface.recognition.identification",
    "Settings": "twinface.settings",
    "State": "twinface.types",
}
"""Where what is loaded late is; the functions are in `twinface.api`."""

# A small file may claim to be a picture of gigabytes. OpenCV reads this limit once, when it is first imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 27))


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'twinface' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "twinface.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
