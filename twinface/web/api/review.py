"""What people say of names that were given, each said so that it can be taken back."""

from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from twinface.enrolment.from_looks import Enrolled
from twinface.review.correct import confirm, enrol, reject
from twinface.web.api.context import LARGEST, Context, who_asks

EventNumber = Annotated[int, Field(ge=1, le=LARGEST)]
TrackId = Annotated[str, Field(max_length=200)]


def _one_of(one: str, kind: str, other: str) -> JsonDict:
    """What the document says of two fields of which exactly one is given, as the validators below demand it."""
    first: JsonDict = {"required": [one], "properties": {one: {"type": kind}, other: {"type": "null"}}}
    second: JsonDict = {"required": [other], "properties": {other: {"type": "string"}, one: {"type": "null"}}}
    return {"oneOf": [first, second]}


def _require_one(one: object, other: object, words: str) -> None:
    """Raise ValueError, as pydantic's validators do, unless exactly one of two fields is given."""
    if (one is None) == (other is None):
        raise ValueError(f"name either {words}")


class About(BaseModel):
    """An event by its number, or a track by its id: one of both. `name` chooses where several were given."""

    model_config = ConfigDict(json_schema_extra=_one_of("event", "integer", "track"))

    event: EventNumber | None = None
    track: TrackId | None = None
    name: Annotated[str, Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        _require_one(self.event, self.track, "an event or a track")
        return self


class Confirmation(About):
    """With `force` looks are enrolled that the gate objects to."""

    force: bool = False


class NewName(BaseModel):
    """The `name` of whoever a track is about, or an unknown visitor such as unknown-7: one of both. With `merge` the
    person may be in the gallery already.
    """

    model_config = ConfigDict(json_schema_extra=_one_of("unknown", "string", "track"))

    name: Annotated[str, Field(max_length=1000)]
    track: TrackId | None = None
    unknown: Annotated[str, Field(max_length=200)] | None = None
    merge: bool = False
    force: bool = False

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        _require_one(self.track, self.unknown, "a track or somebody unknown")
        return self


class Said(BaseModel):
    """What was noted of `name`: how many `looks` it is about, of which `added` are new in the gallery; `step` is the
    number to take it back by.
    """

    name: str
    looks: int
    added: int
    step: int | None


def review_routes(context: Context) -> APIRouter:
    """`/corrections`."""
    router, settings = APIRouter(prefix="/corrections", tags=["review"]), context.settings

    @router.post("/reject")
    def say_no(about: About, request: Request) -> Said:
        """This was not who it was said to be; faces like it are not given the name any more."""
        done = reject(settings, event=about.event, track=about.track, name=about.name, who=who_asks(request))
        return Said(name=done.name, looks=done.looks, added=0, step=done.step)

    @router.post("/confirm")
    def say_yes(about: Confirmation, request: Request) -> Said:
        """This was who it was said to be; its good new looks are enrolled."""
        who = who_asks(request)
        return _said(
            confirm(settings, event=about.event, track=about.track, name=about.name, force=about.force, who=who)
        )

    @router.post("/enrol")
    def say_who(wanted: NewName, request: Request) -> Said:
        """This is somebody new, or somebody known who was not recognised."""
        return _said(
            enrol(
                settings,
                wanted.name,
                track=wanted.track,
                unknown=wanted.unknown,
                merge=wanted.merge,
                force=wanted.force,
                who=who_asks(request),
            )
        )

    return router


def _said(enrolled: Enrolled) -> Said:
    looks = len(enrolled.added) + len(enrolled.known)
    return Said(name=enrolled.name, looks=looks, added=len(enrolled.added), step=enrolled.step)
