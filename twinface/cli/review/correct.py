"""`twinface reject` and `twinface confirm`: what people say of a name that was given."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.gallery.gate import ForceOption, refusals_told, tell_enrolled
from twinface.cli.options import EventOption, JsonOption, TrackOption

if TYPE_CHECKING:
    from twinface.enrolment.from_looks import Enrolled

NameOption = Annotated[
    str | None, typer.Option("--name", help="Which of the names; needed where a track was given several.")
]


def reject(
    *,
    event: EventOption = None,
    track: TrackOption = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that this was not who it was said to be.

    Faces like this one are not given the name any more, half a second later, nor is anybody else's put in its place;
    the next head that is trained learns from it. `undo` takes it back, `confirm` of the same says the contrary.
    """
    from twinface.review.correct import reject as note_rejection

    rejected = note_rejection(chosen_settings(), event=event, track=track, name=name)
    if as_json:
        tracks = list(rejected.tracks)
        say_json(
            {
                "name": rejected.name,
                "event": event,
                "tracks": tracks,
                "rejected": rejected.looks,
                "step": rejected.step,
            }
        )
        return
    say(f"{', '.join(rejected.tracks)} is not {rejected.name}: {rejected.looks} looks rejected")


def confirm(
    *,
    event: EventOption = None,
    track: TrackOption = None,
    name: NameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say that this was who it was said to be, and enrol the looks that are good and new.

    They pass the gate that pictures pass in `gallery add`; what is refused is said with the reason.
    """
    from twinface.review.correct import confirm as note_confirmation

    settings = chosen_settings()

    def tell(enrolled: "Enrolled") -> None:
        tell_enrolled(enrolled, {"event": event, "gallery": str(settings.gallery)}, as_json=as_json)

    with refusals_told(tell):
        tell(note_confirmation(settings, event=event, track=track, name=name, force=force))
