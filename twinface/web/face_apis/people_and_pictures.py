"""What both foreign APIs do with pictures and people, by the gallery and the gate of this box."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from twinface.box.handed_files import HandedFile
from twinface.enrolment.objections import Reason
from twinface.errors import ServiceError
from twinface.gallery.names import checked_name
from twinface.gallery.person import PersonVectors, slug_of
from twinface.web.api.context import Context

_CODES = {
    Reason.NO_FACE: "no face",
    Reason.UNREADABLE: "unreadable",
    Reason.MORE_THAN_ONE_FACE: "several faces",
}


def enrol(context: Context, name: str, pictures: Sequence[HandedFile], who: str) -> Mapping[str, Any]:
    """Add pictures to somebody, new or known, through the gate of enrolment; those that it refuses are left out.

    Answers as `enrol finish`. Raises ServiceError where it refuses all of them, with its words for the first.
    """
    ask = context.pictures.ask
    enrolment = {"enrolment": ask("enrol", {"name": name, "merge": True, "force": False})["enrolment"]}
    try:
        judged = [ask("enrol picture", enrolment, picture) for picture in pictures]
        if not any(one["accepted"] for one in judged):
            reason = Reason(judged[0]["reason"])
            raise ServiceError(judged[0]["words"], _CODES.get(reason, "refused"))
        added: Mapping[str, Any] = ask("enrol finish", {**enrolment, "who": who})
    except ServiceError:
        with suppress(ServiceError):
            ask("enrol cancel", enrolment)
        raise
    return added


def find_person(context: Context, name: str) -> PersonVectors | None:
    """Who is called so, however the letters of the name are composed. Raises InputError for what can be no name."""
    people = context.people.by_id()
    return people.get(slug_of(name)) or people.get(slug_of(checked_name(name)))


def box_of(face: Mapping[str, Any]) -> dict[str, int]:
    """Where a face is, in whole pixels of the picture as it stands upright; never beyond its upper left corner."""
    left, top, right, bottom = (max(0, round(one)) for one in face["box_xyxy"])
    return {"x_min": left, "y_min": top, "x_max": right, "y_max": bottom}
