"""The pictures that were enrolled of a person, where the gallery keeps their crops."""

from fastapi import APIRouter, Response

from twinface.errors import NotThereError, ServiceError
from twinface.gallery.person import PersonVectors
from twinface.gallery.person_files import crop_key
from twinface.web.api.context import Context

_PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}


def people_pictures_routes(context: Context) -> APIRouter:
    """`/people/{person}/picture`, `/people/{person}/pictures/{file}`; with `store_crops` only there are any."""
    router, people = APIRouter(prefix="/people", tags=["people"]), context.people

    @router.get("/{person}/picture", response_class=Response, responses={200: {"content": _PNG}})
    def best_picture(person: str) -> Response:
        """The best enrolled picture of which a crop is kept."""
        found = people.find(person)
        best_first = sorted(range(len(found.files)), key=lambda row: -found.quality[row])
        return _answer(found, best_first)

    @router.get("/{person}/pictures/{file:path}", response_class=Response, responses={200: {"content": _PNG}})
    def one_picture(person: str, file: str) -> Response:
        """One of them, by the `file` that `/people/{person}/pictures` has for it, or by what its file was called."""
        found = people.find(person)
        named = zip(map(crop_key, found.vectors), found.files, strict=True)
        rows = [row for row, names in enumerate(named) if file in names]
        if not rows:
            raise NotThereError(f"{found.name} has no picture {file!r}; /api/v1/people/{person}/pictures lists them")
        return _answer(found, rows)

    def _answer(person: PersonVectors, rows: list[int]) -> Response:
        crops = people.crops(person.name)
        kept = (crops[key] for row in rows if (key := crop_key(person.vectors[row])) in crops)
        png = next(kept, None)
        if png is None:
            said = f"no crop is kept of {person.name}; store_crops = true keeps those of whoever is enrolled then"
            raise ServiceError(said, "no picture")
        return Response(png, media_type="image/png")

    return router
