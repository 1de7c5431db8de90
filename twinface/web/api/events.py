"""What happened, who is unknown, and why a name was given."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from twinface.events import EventQuery, Kind, Subject, newest_number, read_events
from twinface.review.evidence import find_evidence
from twinface.review.explain import explain
from twinface.sharing.box_events import box_names, read_all_events
from twinface.sharing.opened import shared_events, shares_events
from twinface.unknowns import Unknown, list_unknowns
from twinface.web.api.context import LARGEST, LATEST_NS, Context
from twinface.web.api.look_pictures import FoundPictures


class WhichEvents(BaseModel):
    """All that fulfil whatever is given, `since_ns` ≤ at_ns < `until_ns`; at most `limit`: the newest, or the ones that
    follow the number `after` first.
    """

    model_config = ConfigDict(extra="forbid")

    since_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    until_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    name: str | None = Field(None, max_length=1000)
    camera: str | None = Field(None, max_length=1000)
    kind: Kind | None = None
    subject: Subject | None = None
    after: int | None = Field(None, ge=0, le=LARGEST)
    limit: int = Field(100, ge=1, le=1000)


class Events(BaseModel):
    """Events in the order of their numbers, with the fields that docs/json.md has for `twinface events`.

    `newest` is the number that was given last: `after` it, the next question goes on.
    """

    events: list[dict[str, Any]]
    newest: int


class WhichOfAllBoxes(BaseModel):
    """As of the events of this box, but for `after`; of every box that shares the database, or of the `box` that a name
    or id says. Tracks of single faces only with `tracks`.
    """

    model_config = ConfigDict(extra="forbid")

    since_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    until_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    name: str | None = Field(None, max_length=1000)
    camera: str | None = Field(None, max_length=1000)
    kind: Kind | None = None
    box: str | None = Field(None, max_length=1000)
    tracks: bool = False
    limit: int = Field(100, ge=1, le=1000)


class EventsOfBoxes(BaseModel):
    """Events in the order of time, with the fields that docs/json.md has for `twinface events --all-boxes`, and the
    names of all `boxes`; neither where this box shares none.
    """

    events: list[dict[str, Any]]
    boxes: list[str]


class UnknownShown(BaseModel):
    """An unknown visitor: how often they came, since when, until when, and where they were last."""

    id: str
    visits: int
    since_ns: int
    until_ns: int
    camera: str
    tracks: list[str]


class ListOfUnknowns(BaseModel):
    """The ones seen last come first: of `total` those from a place on; `next` is the place to go on from."""

    total: int
    unknowns: list[UnknownShown]
    next: int | None


class Explained(BaseModel):
    """What a decision rests on, with the fields that docs/json.md has for `twinface explain`; and with each look, as
    `picture`, where its picture is, or null.
    """

    event: int | None
    tracks: list[dict[str, Any]]


def events_routes(context: Context) -> APIRouter:
    """`/events`, `/unknowns`, `/explain`."""
    router, path = APIRouter(tags=["history"]), context.settings.events_path

    @router.get("/events")
    def list_events(which: Annotated[WhichEvents, Query()]) -> Events:
        """What happened, by time, person, camera and kind. The pipeline need not run."""
        newest = newest_number(path)
        names = context.people.names_of(which.name)
        found = read_events(path, EventQuery(**which.model_dump(exclude={"name"}), names=names))
        return Events(events=[one.plain for one in found], newest=newest)

    @router.get("/events/all-boxes")
    def list_events_of_boxes(which: Annotated[WhichOfAllBoxes, Query()]) -> EventsOfBoxes:
        """What happened at every box that shares the database, and who was at two boxes at once."""
        return _of_all_boxes(context, which)

    @router.get("/unknowns")
    def list_strangers(
        start: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> ListOfUnknowns:
        """Who was seen and is not known."""
        found = list_unknowns(path, context.settings.events.cool_down_s)
        found.sort(key=lambda one: -one.until_ns)
        end = start + limit
        shown = [_shown(one) for one in found[start:end]]
        return ListOfUnknowns(total=len(found), unknowns=shown, next=end if end < len(found) else None)

    _add_why(router, context)
    return router


def _add_why(router: APIRouter, context: Context) -> None:
    """`/events/{number}/why`, `/tracks/{track}/why`."""
    path, pictures = context.settings.events_path, FoundPictures(context)

    @router.get("/events/{number}/why")
    def why_event(number: Annotated[int, Path(ge=1, le=LARGEST)]) -> Explained:
        """The looks, candidates and rules behind an event."""
        return _explained(number, None)

    @router.get("/tracks/{track}/why")
    def why_track(track: str) -> Explained:
        """The same of a track, by its id."""
        return _explained(None, track)

    def _explained(event: int | None, track: str | None) -> Explained:
        found = explain(find_evidence(path, event, track))
        for look in (look for one in found["tracks"] for look in one["looks"]):
            look["picture"] = pictures.url(look["look"])
        return Explained(**found)


def _of_all_boxes(context: Context, which: WhichOfAllBoxes) -> EventsOfBoxes:
    if not shares_events(context.settings):
        return EventsOfBoxes(events=[], boxes=[])
    query = EventQuery(
        **which.model_dump(exclude={"name", "box", "tracks"}),
        names=context.people.names_of(which.name),
        faces=which.tracks,
    )
    with shared_events(context.settings) as connection:
        found = read_all_events(connection, query, which.box)
        return EventsOfBoxes(events=[one.plain for one in found], boxes=box_names(connection))


def _shown(one: Unknown) -> UnknownShown:
    plain = asdict(one) | {"id": str(one), "tracks": [str(key) for key in one.tracks]}
    return UnknownShown(**{name: plain[name] for name in UnknownShown.model_fields})
