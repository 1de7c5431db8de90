"""`twinface corrections`: what people said and changed."""

import datetime

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import GalleryOption, JsonOption


def corrections(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Show what was said and changed by hand, the oldest first: number, time, who, and what; the last hundred."""
    from twinface.corrections.steps import list_steps, step_to_plain, taken_back_by

    steps = list_steps(chosen_settings(gallery=gallery and gallery.absolute()).gallery)
    by = taken_back_by(steps)
    if as_json:
        say_json("corrections", {"steps": [step_to_plain(step, by) for step in steps]})
        return
    for step in steps:
        at = datetime.datetime.fromtimestamp(step.at_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M")
        end = f"; taken back by step {by[step.number]}" if step.number in by else ""
        say(f"{step.number:5}  {at}  {step.who}  {step.kind}: {step.said}{end}")
    if not steps:
        note("nothing was corrected or changed by hand yet")
