"""Who is in the gallery: shown, renamed, put together, forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from twinface.enrolment.objections import POOR_QUALITY, poor_quality_words
from twinface.events.past_visits import FormerNames, read_last_cameras, read_last_seen
from twinface.gallery.person import PersonVectors, count_sources, slug_of
from twinface.review.forget import Erased, find_traces, forget
from twinface.review.person_pictures import require_version
from twinface.review.rename import rename
from twinface.web.api.context import Context, IfMatch, People, version_of, who_asks
from twinface.web.api.person_pictures import person_pictures_routes
from twinface.web.gallery_health import POOR_QUALITY_FAULT, GalleryFinding, GalleryHealth, HealthState


class PersonSort(StrEnum):
    """By name; who was seen last first; who wants a look most first."""

    NAME = "name"
    SEEN = "seen"
    HEALTH = "health"


class HealthNote(BaseModel):
    """Something of a person to look at: the word that `gallery verify` has for it, a line for people, and the id of who
    else it is about.
    """

    code: str
    words: str
    about: str | None


class Person(BaseModel):
    """Somebody in the gallery; `quality`, 0…1, is the mean of their pictures, `sources` how many are from where.

    `last_seen_ns` and `last_camera` are of the events that are kept. `picture` is where the best enrolled crop
    is, null where none is kept. `version` is another one whenever the person is.
    """

    id: str
    name: str
    version: str
    pictures: int
    quality: float
    sources: dict[str, int]
    last_seen_ns: int | None
    last_camera: str | None
    picture: str | None
    health: list[HealthNote]


class ListOfPeople(BaseModel):
    """People: of `total` those from a place on; `next` is the place to go on from.

    `health_state` says whether everybody was compared with everybody since the gallery changed last.
    """

    total: int
    health_state: HealthState
    people: list[Person]
    next: int | None


class Rename(BaseModel):
    """Another name; with `merge` it may be somebody's, who has the pictures of both then, if they look like one person
    or `force` is given.
    """

    name: str = Field(max_length=1000)
    merge: bool = False
    force: bool = False


class Renamed(BaseModel):
    """Who the person is now, and the number of the step that takes it back; `unchecked` is why nobody compared two who
    were merged.
    """

    id: str
    name: str
    step: int | None
    unchecked: str


class Trace(BaseModel):
    """How many of `what` is kept of a person, and where."""

    what: str
    count: int
    where: str


class Traces(BaseModel):
    """Everything that is, or was, kept of a person."""

    name: str
    traces: list[Trace]


class _SeenAs(NamedTuple):
    """Where it is written when people were seen, and the names of those who had others."""

    path: Path
    had: FormerNames


_Health = Mapping[str, Sequence[GalleryFinding]]


def people_routes(context: Context) -> APIRouter:
    """`/people`."""
    router, people = APIRouter(prefix="/people", tags=["people"]), context.people
    checked = GalleryHealth(context.config)

    def seen_as() -> _SeenAs:
        return _SeenAs(context.settings.events_path, people.former_names())

    @router.get("")
    def list_people(
        search: Annotated[str, Query(max_length=200, description="A part of the name, in any letters' size.")] = "",
        start: Annotated[int, Query(ge=0, description="How many to pass over: `next` of the answer before.")] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        sort: PersonSort = PersonSort.NAME,
    ) -> ListOfPeople:
        """Everybody who is known, page by page."""
        wanted = search.casefold()
        everybody = people.by_id().values()
        found = [one for one in everybody if wanted in one.name.casefold()]
        state, health = checked.of_gallery(people.version, everybody)
        if sort is PersonSort.SEEN:
            seen = read_last_seen(*seen_as())
            found.sort(key=lambda one: -seen.get(one.name, 0))
        elif sort is PersonSort.HEALTH:
            found.sort(key=lambda one: -len(_notes(one, health)))
        end = start + limit
        shown = _shown(found[start:end], people, seen_as(), health)
        following = end if end < len(found) else None
        return ListOfPeople(total=len(found), health_state=state, people=shown, next=following)

    @router.get("/{person}")
    def show_person(person: str) -> Person:
        """One person."""
        found = people.find(person)
        everybody = people.by_id().values()
        _, health = checked.of_gallery(people.version, everybody)
        return _shown([found], people, seen_as(), health)[0]

    router.include_router(person_pictures_routes(context, checked))
    _add_changes(router, context)
    return router


def _add_changes(router: APIRouter, context: Context) -> None:
    """What changes somebody; each may name the version that is meant."""
    people, settings = context.people, context.settings

    @router.patch("/{person}")
    def rename_person(person: str, wanted: Rename, request: Request, if_match: IfMatch = None) -> Renamed:
        """Give another name, or put two together who are one. It can be taken back."""
        done = rename(
            settings,
            people.find(person).name,
            wanted.name,
            merge=wanted.merge,
            force=wanted.force,
            version=version_of(if_match),
            who=who_asks(request),
        )
        return Renamed(id=slug_of(done.new), name=done.new, step=done.step, unchecked=done.unchecked)

    @router.get("/{person}/traces")
    def show_traces(person: str) -> Traces:
        """What forgetting a person would erase."""
        name = people.find(person).name
        return Traces(name=name, traces=_traces(find_traces(name, settings)))

    @router.delete("/{person}")
    def forget_person(person: str, request: Request, if_match: IfMatch = None) -> Traces:
        """Erase a person everywhere, for good: vectors, crops, events, looks, corrections. It cannot be taken back."""
        name = people.find(person).name
        require_version(people.opened(), name, version_of(if_match), settings)
        return Traces(name=name, traces=_traces(forget(name, settings, who=who_asks(request))))


def _shown(some: Sequence[PersonVectors], people: People, seen_as: _SeenAs, health: _Health) -> list[Person]:
    seen, cameras = read_last_seen(*seen_as), read_last_cameras(seen_as.path, [one.name for one in some], seen_as.had)
    return [
        Person(
            id=slug_of(one.name),
            name=one.name,
            version=one.version,
            pictures=len(one.files),
            quality=round(float(one.quality.mean()), 3),
            sources=count_sources(one.sources),
            last_seen_ns=seen.get(one.name),
            last_camera=cameras.get(one.name),
            picture=people.picture_url(one.name),
            health=_notes(one, health),
        )
        for one in some
    ]


def _notes(person: PersonVectors, health: _Health) -> list[HealthNote]:
    """What wants a look of somebody: what was found by comparing, and pictures that are poor."""
    notes = [
        HealthNote(code=note.fault, words=note.words, about=None if note.other is None else slug_of(note.other))
        for note in health.get(person.name, ())
    ]
    for row in np.flatnonzero(person.quality < POOR_QUALITY):
        words = poor_quality_words(person.name, person.files[row], float(person.quality[row]))
        notes.append(HealthNote(code=POOR_QUALITY_FAULT, words=words, about=None))
    return notes


def _traces(erased: "list[Erased]") -> list[Trace]:
    return [Trace(**asdict(one)) for one in erased]
