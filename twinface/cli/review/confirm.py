"""`twinface confirm`: a name that was given was right."""

from typing import TYPE_CHECKING

from twinface.cli.configuration import chosen_settings
from twinface.cli.gallery.enrolment_shown import ForceOption, refusals_told, tell_enrolled
from twinface.cli.shared_options import EventOption, GivenNameOption, JsonOption, TrackOption

if TYPE_CHECKING:
    from twinface.enrolment.from_looks import Enrolled


def confirm(
    *,
    event: EventOption = None,
    track: TrackOption = None,
    name: GivenNameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say that this was who it was said to be, and enrol the looks that are good and new.

    They pass the gate that pictures pass in `gallery add`; what is refused is said with the reason.
    """
    from twinface.review.correct import confirm as note_confirmation

    settings = chosen_settings()

    def tell(enrolled: "Enrolled") -> None:
        tell_enrolled("confirm", enrolled, {"event": event, "gallery": str(settings.gallery)}, as_json=as_json)

    with refusals_told(tell):
        tell(note_confirmation(settings, event=event, track=track, name=name, force=force))
