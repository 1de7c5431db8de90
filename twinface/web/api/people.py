"""Who is in the gallery: shown, renamed, put together, forgotten.

What changes people is loaded when it is first asked for: it brings OpenCV, 16 MB.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from twinface.gallery.person import PersonVectors, count_sources, slug_of
from twinface.web.api.context import Context, who_asks

if TYPE_CHECKING:
    from twinface.review.forget import Erased


class Person(BaseModel):
    """Somebody in the gallery; `quality`, 0…1, is the mean of their pictures, `sources` how many are from where."""

    id: str
    name: str
    pictures: int
    quality: float
    sources: dict[str, int]


class ListOfPeople(BaseModel):
    """People in the order of their names: of `total` those from a place on; `next` is the place to go on from."""

    total: int
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


def people_routes(context: Context) -> APIRouter:
    """`/people`."""
    router, people = APIRouter(prefix="/people", tags=["people"]), context.people

    @router.get("")
    def list_people(
        search: Annotated[str, Query(max_length=200, description="A part of the name, in any letters' size.")] = "",
        start: Annotated[int, Query(ge=0, description="How many to pass over: `next` of the answer before.")] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> ListOfPeople:
        """Everybody who is known, page by page."""
        wanted = search.casefold()
        found = [(key, one) for key, one in people.by_id().items() if wanted in one.name.casefold()]
        end = start + limit
        shown = [_shown(key, one) for key, one in found[start:end]]
        return ListOfPeople(total=len(found), people=shown, next=end if end < len(found) else None)

    @router.get("/{person}")
    def show_person(person: str) -> Person:
        """One person."""
        return _shown(person, people.find(person))

    @router.patch("/{person}")
    def rename_person(person: str, wanted: Rename, request: Request) -> Renamed:
        """Give another name, or put two together who are one. It can be taken back."""
        from twinface.review.rename import rename

        old, who = people.find(person).name, who_asks(request)
        done = rename(context.settings, old, wanted.name, merge=wanted.merge, force=wanted.force, who=who)
        return Renamed(id=slug_of(done.new), name=done.new, step=done.step, unchecked=done.unchecked)

    @router.get("/{person}/traces")
    def show_traces(person: str) -> Traces:
        """What forgetting a person would erase."""
        from twinface.review.forget import find_traces

        name = people.find(person).name
        return Traces(name=name, traces=_traces(find_traces(name, context.settings)))

    @router.delete("/{person}")
    def forget_person(person: str, request: Request) -> Traces:
        """Erase a person everywhere, for good: vectors, crops, events, looks, corrections. It cannot be taken back."""
        from twinface.review.forget import forget

        name = people.find(person).name
        return Traces(name=name, traces=_traces(forget(name, context.settings, who=who_asks(request))))

    return router


def _shown(key: str, person: PersonVectors) -> Person:
    quality, sources = round(float(person.quality.mean()), 3), count_sources(person.sources)
    return Person(id=key, name=person.name, pictures=len(person.files), quality=quality, sources=dict(sources))


def _traces(erased: "list[Erased]") -> list[Trace]:
    return [Trace(**asdict(one)) for one in erased]
