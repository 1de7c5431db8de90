"""The faces that looks were taken of, for whoever reviews them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from twinface.errors import ServiceError
from twinface.events.event import TrackKey
from twinface.events.kept_pictures import count_pictures, pictured_tracks, read_picture
from twinface.events.look_queries import find_track, read_looks
from twinface.web.api.context import LARGEST, Context
from twinface.web.api.picture_schemas import JPEG
from twinface.web.recent_pictures import MOST


class PicturesKept(BaseModel):
    """Where the pictures of looks are, `memory` or `disk`; for how many `days` there, how many now, at `most`; what
    is on disk is bounded by its days and the size of the store.
    """

    kept: str
    days: float
    count: int
    most: int | None


@dataclass(frozen=True, slots=True)
class FoundPictures:
    """Finds the pictures of looks, wherever they are."""

    context: Context

    def find(self, key: TrackKey, crop: int) -> bytes | None:
        """The JPEG of a look. Raises ArtefactError where the store cannot be read."""
        settings, found = self.context.settings, self.context.look_pictures.find(key, crop)
        if found is None and settings.review.keep_pictures_days:
            return read_picture(settings.events_path, key, crop)
        return found

    def url(self, look: str) -> str | None:
        """Where the picture of a look is, `camera:start:track#crop`; None where there is none."""
        track, _, crop = look.rpartition("#")
        camera, start, number = track.split(":")
        if self.find(TrackKey(camera, int(start, 36), int(number)), int(crop)) is None:
            return None
        return f"/api/v1/tracks/{track}/pictures/{crop}"

    def urls(self, keys: Iterable[TrackKey]) -> dict[TrackKey, str]:
        """Where the best picture of each track is that has one. Raises ArtefactError where the store cannot be read."""
        settings, keys = self.context.settings, set(keys)
        pictured = keys & self.context.look_pictures.pictured_tracks()
        if settings.review.keep_pictures_days:
            pictured |= pictured_tracks(settings.events_path, keys - pictured)
        return {key: f"/api/v1/tracks/{key}/picture" for key in pictured}


def look_pictures_routes(context: Context) -> APIRouter:
    """`/tracks/{track}/picture`, `/tracks/{track}/pictures/{look}`, and `/pictures`."""
    router, found = APIRouter(tags=["pictures"]), FoundPictures(context)
    path = context.settings.events_path

    @router.get("/pictures")
    def pictures_kept() -> PicturesKept:
        """Where pictures of faces are kept, and how many."""
        days, in_memory = context.settings.review.keep_pictures_days, len(context.look_pictures)
        if days:
            return PicturesKept(kept="disk", days=days, count=count_pictures(path), most=None)
        return PicturesKept(kept="memory", days=0.0, count=in_memory, most=MOST)

    @router.get("/tracks/{track}/picture", response_class=Response, responses={200: {"content": JPEG}})
    def best_picture(track: str) -> Response:
        """The best kept look at a track."""
        key = find_track(path, track)
        best_first = sorted(read_looks(path, [key]), key=lambda look: -look.quality)
        return _answer(found.find(key, look.crop) for look in best_first)

    @router.get("/tracks/{track}/pictures/{look}", response_class=Response, responses={200: {"content": JPEG}})
    def one_picture(track: str, look: Annotated[int, Path(ge=0, le=LARGEST)]) -> Response:
        """One look at a track, by the number that stands behind the # of its name."""
        key = find_track(path, track)
        return _answer([found.find(key, look)])

    return router


def _answer(pictures: Iterable[bytes | None]) -> Response:
    jpeg = next((one for one in pictures if one is not None), None)
    if jpeg is None:
        raise ServiceError("no picture of this look is kept, or no longer; see /api/v1/pictures", "no picture")
    return Response(jpeg, media_type="image/jpeg")
