"""`twinface enrol`: who was unknown gets a name."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.gallery.enrolment_shown import ForceOption, refusals_told, tell_enrolled
from twinface.cli.shared_options import JsonOption, TrackOption

if TYPE_CHECKING:
    from twinface.enrolment.from_looks import Enrolled


def enrol(
    *,
    name: Annotated[str, typer.Option("--name", help="The person's name, any letters.")],
    track: TrackOption = None,
    unknown: Annotated[
        str | None, typer.Option("--unknown", help="Somebody whom `twinface unknowns` lists: unknown-7.")
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="The person is in the gallery already.")] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a face that the box has seen a name: its good looks become pictures of the person.

    They pass the gate that pictures pass in `gallery add`. Who was remembered as unknown is so no more.
    """
    from twinface.review.correct import enrol as enrol_face

    settings = chosen_settings()

    def tell(enrolled: "Enrolled") -> None:
        tell_enrolled("enrol", enrolled, {"from": enrolled.what, "gallery": str(settings.gallery)}, as_json=as_json)

    with refusals_told(tell):
        tell(enrol_face(settings, name, track=track, unknown=unknown, merge=merge, force=force))
