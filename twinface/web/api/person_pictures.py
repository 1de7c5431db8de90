"""The pictures that a person is known by: shown, removed, given to somebody else."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from twinface.enrolment.objections import POOR_QUALITY
from twinface.gallery.person import slug_of
from twinface.review.person_pictures import list_pictures, remove_pictures, split
from twinface.web.api.context import Context, IfMatch, version_of, who_asks
from twinface.web.authentication import API_PREFIX
from twinface.web.gallery_health import GalleryFinding, GalleryHealth

PictureFile = Annotated[str, Field(max_length=1000)]
"""Which picture of a person."""


class PictureShown(BaseModel):
    """A picture of a person: `file` tells it from all others, `name` is what it was called. `url` is where the crop is,
    null where it is not kept; `measures` are not kept of what is enrolled.
    """

    file: str
    name: str
    source: str
    quality: float
    measures: None = None
    outlier: bool
    poor: bool
    url: str | None


class PicturesOfPerson(BaseModel):
    """The pictures of a person of this `version`, in the order they came."""

    version: str
    pictures: list[PictureShown]


class PicturesRemoved(BaseModel):
    """The number of the step to take it back by."""

    step: int | None


class Split(BaseModel):
    """Which pictures, by their `file`, are of somebody else: of `name`, who is new or, with `merge`, in the gallery."""

    files: list[PictureFile] = Field(min_length=1, max_length=1000)
    name: str = Field(max_length=1000)
    merge: bool = False


class SplitOff(BaseModel):
    """Whose the pictures are now, and the number of the step that takes it back."""

    id: str
    name: str
    step: int | None


def person_pictures_routes(context: Context, checked: GalleryHealth) -> APIRouter:
    """`/{person}/pictures`, `/{person}/split`, below `/people`."""
    router, people, settings = APIRouter(), context.people, context.settings

    @router.get("/{person}/pictures")
    def show_pictures(person: str) -> PicturesOfPerson:
        """The pictures that somebody is known by, and which of them want a look."""
        found, gallery = people.find(person), people.opened()
        _, health = checked.of_gallery(people.version, people.by_id().values())
        return PicturesOfPerson(
            version=found.version,
            pictures=[
                PictureShown(
                    file=one.file,
                    name=one.name,
                    source=one.source,
                    quality=one.quality,
                    outlier=any(_is_outlier(finding, one.name) for finding in health.get(found.name, ())),
                    poor=one.quality < POOR_QUALITY,
                    url=f"{API_PREFIX}/people/{person}/pictures/{one.file}" if one.has_crop else None,
                )
                for one in list_pictures(gallery, found.name)
            ],
        )

    @router.delete("/{person}/pictures")
    def remove(
        person: str,
        file: Annotated[list[PictureFile], Query(min_length=1, max_length=1000)],
        request: Request,
        if_match: IfMatch = None,
    ) -> PicturesRemoved:
        """Remove pictures of a person, `file` once for each. It can be taken back, as one step."""
        name, version, who = people.find(person).name, version_of(if_match), who_asks(request)
        return PicturesRemoved(step=remove_pictures(settings, name, file, version=version, who=who))

    @router.post("/{person}/split")
    def split_person(person: str, wanted: Split, request: Request, if_match: IfMatch = None) -> SplitOff:
        """Give pictures of a person to somebody else. It can be taken back."""
        done = split(
            settings,
            people.find(person).name,
            wanted.files,
            wanted.name,
            merge=wanted.merge,
            version=version_of(if_match),
            who=who_asks(request),
        )
        return SplitOff(id=slug_of(done.name), name=done.name, step=done.step)

    return router


def _is_outlier(finding: GalleryFinding, picture: str) -> bool:
    return picture in {finding.picture, *finding.pictures}
