"""Who was where: visits, the same as a table for spreadsheets, and how many there were on which day."""

import csv
import datetime
import io
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from twinface.events.event import TrackKey
from twinface.events.past_visits import FormerNames, PastVisit, VisitQuery, count_days, iterate_visits, read_visits
from twinface.gallery.person import slug_of
from twinface.types import State
from twinface.unknowns import unknown_id
from twinface.web.api.context import LARGEST, LATEST_NS, Context
from twinface.web.api.look_pictures import FoundPictures

_CSV_COLUMNS = ("number", "camera", "name", "state", "since", "until", "looks", "score", "unknown", "track")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes the beginning of a cell for (OWASP, CSV injection)."""

_ROWS_AT_ONCE = 200


class WhichVisits(BaseModel):
    """All that fulfil whatever is given, and went on at any time in `since_ns` ≤ at < `until_ns`. Faces that were never
    recognised only where `state` is pending.
    """

    model_config = ConfigDict(extra="forbid")

    since_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    until_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    name: str | None = Field(None, max_length=1000)
    camera: str | None = Field(None, max_length=1000)
    state: State | None = None


class PageOfVisits(WhichVisits):
    """At most `limit`, the newest first; of those with a number below `before`, the `next` of the answer before."""

    before: int | None = Field(None, ge=1, le=LARGEST)
    limit: int = Field(100, ge=1, le=1000)


class VisitShown(BaseModel):
    """A visit of a person to a camera, or a face that got no name in the end; `number` is that of its first event.

    `name` is what they were called then, `present_name` what they are now; `id` is the person's, null of nobody in the
    gallery. `track` is the first of the `tracks` that it was seen in,
    `looks` how many are kept of them, `picture` where one of these can be seen. `until_ns` is null while it goes on.
    """

    number: int
    track: str | None
    tracks: list[str]
    camera: str
    name: str | None
    present_name: str | None
    id: str | None
    state: str
    since_ns: int
    until_ns: int | None
    looks: int
    score: float | None
    unknown: str | None
    picture: str | None


class Visits(BaseModel):
    """Visits, the newest first; `next` is the number to go on `before`, null after the last one."""

    visits: list[VisitShown]
    next: int | None


class DayShown(BaseModel):
    """A `day` by the box's own clock, `since_ns` ≤ at < `until_ns`: how many visits began then, of how many people, and
    how many are of somebody `unknown`.
    """

    day: str
    since_ns: int
    until_ns: int
    visits: int
    people: int
    unknown: int


class Days(BaseModel):
    """The days on which anything began, the newest first."""

    days: list[DayShown]


def past_visits_routes(context: Context) -> APIRouter:
    """`/visits`, `/visits.csv`, `/days`."""
    router, path, pictures = APIRouter(tags=["history"]), context.settings.events_path, FoundPictures(context)

    def query(which: WhichVisits) -> VisitQuery:
        return VisitQuery(**which.model_dump(exclude={"name"}), names=context.people.names_of(which.name))

    @router.get("/visits")
    def list_visits(which: Annotated[PageOfVisits, Query()]) -> Visits:
        """Who was where, by time, person, camera and state, page by page."""
        known = context.people.by_id()
        visits = read_visits(path, replace(query(which), limit=which.limit + 1))
        found, goes_on = visits[: which.limit], len(visits) > which.limit
        present = _present_names(context.people.former_names())
        urls = pictures.urls(key for one in found for key in one.tracks)
        shown = [_shown(one, present(one), known, urls) for one in found]
        return Visits(visits=shown, next=shown[-1].number if goes_on else None)

    @router.get("/visits.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
    def export_visits(which: Annotated[WhichVisits, Query()]) -> StreamingResponse:
        """All of them as a table; a text that a spreadsheet would take for a formula has an apostrophe before it."""
        headers = {"Content-Disposition": 'attachment; filename="visits.csv"'}
        parts = _csv_of(iterate_visits(path, query(which)))
        first = next(parts)  # What is wrong with the database is said before the answer begins.
        return StreamingResponse(chain((first,), parts), media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/days")
    def list_days(camera: Annotated[str | None, Query(max_length=1000)] = None) -> Days:
        """On which days anybody was there, at one camera or anywhere."""
        return Days(days=[DayShown(**asdict(one)) for one in count_days(path, camera)])

    return router


def _present_names(had: FormerNames) -> Callable[[PastVisit], str | None]:
    """What somebody who came is called now."""
    spans = [(span, name) for name, theirs in had.items() for span in theirs]

    def present(visit: PastVisit) -> str | None:
        if visit.name is None:
            return None
        return next((name for span, name in spans if span.covers(visit.name, visit.since_ns)), visit.name)

    return present


def _shown(visit: PastVisit, present: str | None, known: Container[str], urls: Mapping[TrackKey, str]) -> VisitShown:
    tracks, key = [str(one) for one in visit.tracks], None if present is None else slug_of(present)
    return VisitShown(
        number=visit.number,
        track=next(iter(tracks), None),
        tracks=tracks,
        camera=visit.camera,
        name=visit.name,
        present_name=present,
        id=key if key in known else None,
        state=visit.state,
        since_ns=visit.since_ns,
        until_ns=visit.until_ns,
        looks=visit.looks,
        score=visit.score,
        unknown=None if visit.unknown is None else unknown_id(visit.unknown),
        picture=next((urls[one] for one in visit.tracks if one in urls), None),
    )


def _csv_of(visits: Iterable[PastVisit]) -> Iterator[str]:
    """The lines of a table with a heading, some at a time."""
    text = io.StringIO()
    write = csv.writer(text).writerow
    write(_CSV_COLUMNS)
    for count, visit in enumerate(visits, 1):
        shown = _shown(visit, None, (), {})
        times = [_local_time(at_ns) for at_ns in (visit.since_ns, visit.until_ns)]
        row = (shown.number, shown.camera, shown.name, shown.state, *times)
        write([_harmless(cell) for cell in (*row, shown.looks, shown.score, shown.unknown, shown.track)])
        if not count % _ROWS_AT_ONCE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _local_time(at_ns: int | None) -> str:
    if at_ns is None:
        return ""
    return datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone().isoformat(timespec="seconds")


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
