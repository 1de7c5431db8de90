"""What wants a person to look at it, and what they say of it, one thing or many at a time."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from twinface.events.event import TrackKey
from twinface.gallery.person import slug_of
from twinface.review.act import act
from twinface.review.queue import Action, Item, ItemKind, complete, read_queue
from twinface.unknowns import unknown_id
from twinface.web.api.context import Context, People, who_asks
from twinface.web.api.look_pictures import FoundPictures

_MOST_ITEMS = 1000


class LikelyPerson(BaseModel):
    """Somebody of the gallery, how well they fit, 0…1, and where a `picture` of them is."""

    name: str
    id: str
    score: float
    picture: str | None


class ItemShown(BaseModel):
    """Something to be answered: `person` is the id of whom `name` names; the last of `tracks` is `track`.
    `pictures` says at the place of each track where a picture of it is, null where there is none.

    An `unknown` visitor came `visits` times since somebody answered of them last.
    """

    id: str
    kind: ItemKind
    track: str
    tracks: list[str]
    pictures: list[str | None]
    unknown: str | None
    camera: str
    since_ns: int
    until_ns: int | None
    visits: int
    name: str | None
    person: str | None
    score: float | None
    candidates: list[LikelyPerson]


class ReviewQueue(BaseModel):
    """What was seen last comes first: of `total`, of so many of each kind, those from a place on; `next` is the place
    to go on from. Kinds are counted whatever kind is asked for.
    """

    total: int
    by_kind: dict[ItemKind, int]
    items: list[ItemShown]
    next: int | None


class WhatWaits(BaseModel):
    """All that waits, of a kind and a camera where these are given."""

    model_config = ConfigDict(extra="forbid")

    kind: ItemKind | None = None
    camera: str | None = Field(None, max_length=1000)


class WhichItems(WhatWaits):
    """At most `limit` of them, from the place `start` on."""

    start: int = Field(0, ge=0)
    limit: int = Field(50, ge=1, le=200)


class Answers(BaseModel):
    """The `action` on the `items`, by their ids, or on `all` that a filter shows. `name` is for the actions name and
    new; `force` enrols looks that the gate objects to.
    """

    items: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=_MOST_ITEMS)
    all: WhatWaits | None = None
    action: Action
    name: Annotated[str, Field(max_length=1000)] | None = None
    force: bool = False


class NotDone(BaseModel):
    """An item that was not answered, and why."""

    item: str
    reason: str


class Done(BaseModel):
    """How many items were answered; `step` is the one number to take all of it back by, null where nothing was done."""

    done: int
    step: int | None
    refused: list[NotDone]


def review_queue_routes(context: Context) -> APIRouter:
    """`/review`."""
    router, settings = APIRouter(prefix="/review", tags=["review"]), context.settings
    pictures = FoundPictures(context)

    def waiting(which: WhatWaits) -> list[Item]:
        names = {one.name for one in context.people.by_id().values()}
        return [
            one
            for one in read_queue(settings, names)
            if which.kind in {None, one.kind} and which.camera in {None, one.camera}
        ]

    @router.get("")
    def list_items(which: Annotated[WhichItems, Query()]) -> ReviewQueue:
        """What wants a person to look at it."""
        everything = waiting(WhatWaits(camera=which.camera))
        found = [one for one in everything if which.kind in {None, one.kind}]
        end = which.start + which.limit
        shown = complete(settings, found[which.start : end])
        urls = pictures.urls(key for one in shown for key in one.tracks)
        return ReviewQueue(
            total=len(found),
            by_kind={kind: sum(one.kind is kind for one in everything) for kind in ItemKind},
            items=[_shown(one, urls, context.people) for one in shown],
            next=end if end < len(found) else None,
        )

    @router.post("/act")
    def answer_items(wanted: Answers, request: Request) -> Done:
        """Say something of items. Each is answered or refused as a whole, and all of it is one step."""
        ids = wanted.items if wanted.all is None else [one.id for one in waiting(wanted.all)]
        done = act(settings, ids, wanted.action, name=wanted.name, force=wanted.force, who=who_asks(request))
        return Done(done=done.done, step=done.step, refused=[NotDone(**asdict(one)) for one in done.refused])

    return router


def _shown(item: Item, urls: Mapping[TrackKey, str], people: People) -> ItemShown:
    tracks = [str(key) for key in item.tracks]
    return ItemShown(
        id=item.id,
        kind=item.kind,
        track=tracks[-1],
        tracks=tracks,
        pictures=[urls.get(key) for key in item.tracks],
        unknown=None if item.unknown is None else unknown_id(item.unknown),
        camera=item.camera,
        since_ns=item.since_ns,
        until_ns=item.until_ns,
        visits=item.visits,
        name=item.name,
        person=None if item.name is None else slug_of(item.name),
        score=item.score,
        candidates=[
            LikelyPerson(name=one.name, id=slug_of(one.name), score=one.score, picture=people.picture_url(one.name))
            for one in item.candidates
        ],
    )
