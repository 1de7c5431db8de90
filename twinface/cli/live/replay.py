"""`twinface replay`: a recording, played to the matcher of today."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import JsonOption
from twinface.text import plural


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `twinface record` has made.")],
    speed: Annotated[
        float | None,
        typer.Option("--speed", min=0.01, help="1: as fast as it was, 2: twice; default: as fast as it goes."),
    ] = None,
    embed: Annotated[
        bool, typer.Option("--embed", help="Compute the vectors again, of a recording with pictures.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Play a recording to the matcher's stage, with the gallery, head and rule of today, and compare what it says.

    Prints each event as it happens and, where the recording has the matches of then, what has changed, as a diff. Exit
    code 1 where something has. No box has to run, and none notices; no event is stored.
    """
    from twinface.box.replaying import describe
    from twinface.box.replaying import replay as play

    show = (lambda _event: None) if as_json else (lambda event: say(describe(event)))
    done = play(chosen_settings(), file, speed=speed, embed=embed, on_event=show)
    if as_json:
        say_json(
            "replay",
            {
                "file": str(file),
                "messages": done.messages,
                "recorded": len(done.recorded),
                "events": [event.plain for event in done.events],
                "differences": list(done.differences),
            },
        )
    else:
        for line in done.differences:
            say(line)
        compared = "they differ" if done.differences else "they are alike"
        count = plural(len(done.events), "event")
        note(f"{plural(done.messages, 'message')}; {count} now, {len(done.recorded)} recorded then: {compared}")
    if done.differences:
        raise typer.Exit(1)
