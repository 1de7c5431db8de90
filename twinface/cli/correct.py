"""`twinface reject` and `twinface confirm`: what people say of a name that was given."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.enrolment import ForceOption, open_gate, tell_enrolled
from twinface.cli.options import EventOption, JsonOption, TrackOption
from twinface.errors import InputError

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
    the next head that is trained learns from it. `confirm` of the same takes it back.
    """
    from twinface.corrections import CorrectionKind
    from twinface.recognition.correcting import correct
    from twinface.recognition.evidence import find_evidence, require_looks

    settings = chosen_settings()
    evidence = find_evidence(settings.events_path, event, track)
    chosen = evidence.choose_name(name)
    looks = require_looks(evidence, evidence.looks_at(chosen))
    correct(CorrectionKind.REJECT, chosen, looks, evidence, settings)
    tracks = list(dict.fromkeys(str(look.key) for look in looks))
    if as_json:
        report = {"name": chosen, "event": event, "tracks": tracks, "rejected": len(looks)}
        say_json(report)
        return
    say(f"{', '.join(tracks)} is not {chosen}: {len(looks)} looks rejected")


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
    from twinface.corrections import CorrectionKind
    from twinface.gallery import Gallery
    from twinface.networks import find_recipe
    from twinface.recognition.correcting import correct
    from twinface.recognition.enrolling import enrol_looks, refuse_empty
    from twinface.recognition.evidence import find_evidence, require_looks

    settings = chosen_settings()
    evidence = find_evidence(settings.events_path, event, track)
    chosen = evidence.choose_name(name)
    looks = require_looks(evidence, evidence.looks_at(chosen))
    recipe = find_recipe(settings.network)
    gallery = Gallery.open(settings.gallery, network=recipe.fingerprint)
    if not gallery.knows(chosen):
        raise InputError(f"nobody called {chosen!r} is in the gallery any more; `twinface enrol` makes them anew")
    enrolled = enrol_looks(
        chosen, looks, gallery, None if force else open_gate(gallery, recipe, settings), settings, force=force
    )
    correct(CorrectionKind.CONFIRM, chosen, (*enrolled.added, *enrolled.known), evidence, settings)
    tell_enrolled(enrolled, {"event": event, "gallery": str(gallery.folder)}, as_json=as_json)
    refuse_empty(enrolled, evidence.what, "it stays as it was; --force takes them where they are right all the same")
