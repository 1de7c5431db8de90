"""People who are being enrolled from pictures that come one by one: in memory only, until each is finished."""

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twinface.box.handed_files import HandedFile
from twinface.box.picture_tools import PictureTools, encode_jpeg, plain_box, plain_measures, read_picture
from twinface.enrolment.from_pictures import Verdict
from twinface.enrolment.from_uploads import Added, Gathering, Upload, read_upload
from twinface.enrolment.objections import advise
from twinface.errors import InputError, NotThereError
from twinface.gallery.person import slug_of
from twinface.settings import Settings
from twinface.text import printable
from twinface.types import Image

_ENDS_AFTER_S = 600.0
"""Unused; a wizard that somebody left open."""

_MOST_OPEN = 20
_MOST_PICTURES = 100
_MOST_LABEL = 200
_HANDED_AT_A_TIME = 16
"""Crops that were asked for, and may not have been read yet."""


@dataclass(slots=True, eq=False)
class _Open:
    """Somebody who is being enrolled; `crops` are JPEGs by the number of the picture; `held` are pictures that are
    judged together in the end.
    """

    gathering: Gathering
    used_at_s: float
    count: int = 0
    crops: dict[int, bytes] = field(default_factory=dict)
    held: list[Upload] = field(default_factory=list)


class PictureEnrolments:
    """Answers what is asked about enrolments; `handlers` by the verb."""

    def __init__(self, tools: PictureTools, clock: Callable[[], float] = time.monotonic) -> None:
        self._tools = tools
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._handed: deque[HandedFile] = deque()
        self.handlers: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "enrol": self._begin,
            "enrol picture": self._take,
            "enrol crop": self._show,
            "enrol without": self._take_out,
            "enrol finish": self._finish,
            "enrol cancel": self._cancel,
            "enrol hold": self._hold,
            "enrol held": self._finish_held,
        }

    @property
    def any_open(self) -> bool:
        """Whether somebody is being enrolled."""
        return bool(self._open)

    def end_unused(self) -> None:
        """Let go of what nobody has used for ten minutes."""
        now_s = self._clock()
        self._open = {key: one for key, one in self._open.items() if now_s - one.used_at_s < _ENDS_AFTER_S}

    def _begin(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.end_unused()
        if len(self._open) >= _MOST_OPEN:
            raise InputError(f"{_MOST_OPEN} people are being enrolled already; finish or cancel one")
        settings: Settings = self._tools.settings
        gathering = Gathering(arguments["name"], settings, bool(arguments["merge"]), bool(arguments["force"]))
        key = secrets.token_urlsafe(12)
        self._open[key] = _Open(gathering, self._clock())
        return {"enrolment": key, "name": gathering.name}

    def _take(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        one = self._find(arguments)
        if one.count >= _MOST_PICTURES:
            raise InputError(f"{_MOST_PICTURES} pictures were sent already; finish, and begin another time")
        one.count = number = one.count + 1
        upload = self._read(arguments, f"upload {number}", one.gathering.force)
        verdict = one.gathering.take(number, upload)
        if upload.crop is not None:
            one.crops[number] = encode_jpeg(upload.crop)
        return {"picture": number, "has_crop": upload.crop is not None, **plain_verdict(verdict, one.gathering.force)}

    def _read(self, arguments: Mapping[str, Any], label: str, force: bool) -> Upload:
        image: Image | InputError
        try:
            image = read_picture(arguments)
        except InputError as error:
            image = error
        return read_upload(label, image, self._tools.enrolment_detector, self._tools.network, force=force)

    def _show(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        one, number = self._find(arguments), int(arguments["number"])
        if number not in one.crops:
            raise NotThereError(f"no face was cut out of a picture {number} of this enrolment")
        file = HandedFile()
        file.write(one.crops[number])
        self._handed.append(file)
        if len(self._handed) > _HANDED_AT_A_TIME:
            self._handed.popleft().close()
        return {"jpeg": file.handle}

    def _take_out(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        one, number = self._find(arguments), int(arguments["number"])
        if not 1 <= number <= one.count:
            raise NotThereError(f"no picture {number} was sent in this enrolment")
        one.gathering.accepted.pop(number, None)
        one.crops.pop(number, None)
        return {"accepted": len(one.gathering.accepted)}

    def _finish(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        added = self._find(arguments).gathering.finish(arguments["who"])
        del self._open[arguments["enrolment"]]
        return plain_added(added)

    def _hold(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        one = self._find(arguments)
        if len(one.held) >= _MOST_PICTURES:
            raise InputError(f"more than {_MOST_PICTURES} pictures at once; send the others another time")
        label = printable(arguments["file"])[:_MOST_LABEL] or f"upload {len(one.held) + 1}"
        one.held.append(self._read(arguments, label, one.gathering.force))
        return {"held": len(one.held)}

    def _finish_held(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        one = self._find(arguments)
        added = one.gathering.finish(arguments["who"], one.held)
        del self._open[arguments["enrolment"]]
        pairs = zip(one.held, added.verdicts, strict=True)
        judged = [{"file": str(held.label), **plain_verdict(one_of, one.gathering.force)} for held, one_of in pairs]
        return {**plain_added(added), "pictures": judged}

    def _cancel(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        name = self._find(arguments).gathering.name
        del self._open[arguments["enrolment"]]
        return {"name": name}

    def _find(self, arguments: Mapping[str, Any]) -> _Open:
        self.end_unused()
        one = self._open.get(arguments["enrolment"])
        if one is None:
            raise NotThereError("no such enrolment, or nobody used it for ten minutes; begin again")
        one.used_at_s = self._clock()
        return one


def plain_verdict(verdict: Verdict, force: bool) -> Mapping[str, Any]:
    """What was said of a picture, JSON-ready."""
    objection, face = verdict.objection, verdict.face
    return {
        "accepted": verdict.is_usable(force=force),
        "reason": objection.reason if objection else None,
        "words": advise(objection) if objection else "",
        "measures": plain_measures(face.measures) if face else {},
        "box_xyxy": plain_box(face.face) if face else None,
    }


def plain_added(added: Added) -> Mapping[str, Any]:
    """What was added, JSON-ready."""
    return {"name": added.name, "id": slug_of(added.name), "added": added.added, "step": added.step}
