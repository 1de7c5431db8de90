"""`twinface gallery list`: everybody who is known."""

from typing import Any

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import GalleryOption, JsonOption, describe, open_gallery


def list_people(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Show everybody: how many pictures, how good these are on average (0 to 1), whether crops are kept, and how many
    are from where, if not all are photos.
    """
    from twinface.gallery import PHOTOS
    from twinface.gallery.person import count_sources

    opened = open_gallery(chosen_settings(gallery=gallery).gallery)
    people: list[dict[str, Any]] = [
        {
            "name": name,
            "pictures": len(person.files),
            "quality": round(float(person.quality.mean()), 3),
            "crops": opened.keeps_crops(name),
            "sources": count_sources(person.sources),
        }
        for name, person in opened.people.items()
    ]
    if as_json:
        say_json("gallery list", {**describe(opened), "people": people})
        return
    for one in people:
        crops = "crops" if one["crops"] else ""
        sources = ", ".join(f"{count} {source}" for source, count in one["sources"].items())
        where = "" if one["sources"].keys() == {PHOTOS} else f"  ({sources})"
        say(f"{one['pictures']:6}  {one['quality']:.2f}  {crops:5}  {one['name']}{where}")
    if not people:
        note("nobody yet; add people with `twinface gallery add NAME PICTURE`")
