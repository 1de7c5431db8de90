"""`twinface reject`: a name that was given was wrong."""

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.shared_options import EventOption, GivenNameOption, JsonOption, TrackOption
from twinface.text import plural


def reject(
    *,
    event: EventOption = None,
    track: TrackOption = None,
    name: GivenNameOption = None,
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
        about = {"name": rejected.name, "event": event, "tracks": tracks}
        say_json("reject", {**about, "rejected": rejected.looks, "step": rejected.step})
        return
    say(f"{', '.join(rejected.tracks)} is not {rejected.name}: {plural(rejected.looks, 'look')} rejected")
