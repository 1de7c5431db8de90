"""`twinface record`: what goes through a box, into a file."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import note, say, say_json, shown_status, warn
from twinface.cli.shared_options import JsonOption
from twinface.errors import InputError
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.box.recorder import Tally


def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file, for its owner only (mode 0600).")],
    *,
    topics: Annotated[
        str | None, typer.Option("--topics", help="Which, with commas between; default: tracks,vectors,matches,health.")
    ] = None,
    with_pictures: Annotated[
        bool, typer.Option("--with-pictures", help="Faces too: crops, and pictures of looks and of whole frames.")
    ] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="End after so long.")] = None,
    max_mb: Annotated[
        float, typer.Option("--max-mb", min=0.1, help="End when the file is so large, in 10⁶ bytes.")
    ] = 1e3,
    as_json: JsonOption = False,
) -> None:
    """Record every message of the box that runs, until Ctrl-C, for `twinface replay` and `twinface echo --from`.

    A recording has the vectors of the faces that passed by, and the names they were given: it is as private as the
    gallery. It has pictures only with --with-pictures. The box is not slowed down; what the recorder missed is counted.
    """
    from twinface.box.recorder import WITH_PICTURES, WITHOUT_PICTURES, find_topics
    from twinface.box.recorder import record as write
    from twinface.files import require_new

    chosen = (
        find_topics(topics.split(",")) if topics else (*WITHOUT_PICTURES, *(WITH_PICTURES if with_pictures else ()))
    )
    pictures = sorted({topic.name for topic in chosen} & {topic.name for topic in WITH_PICTURES})
    if pictures and not with_pictures:
        raise InputError(f"{', '.join(pictures)} would record faces: add --with-pictures if that is meant")
    require_new(file, "name another file")
    settings = chosen_settings()
    run = chosen_run_directory(settings)
    end_s = None if seconds is None else time.monotonic() + seconds
    note(f"recording {', '.join(topic.name for topic in chosen)} of {run.path} to {file}; Ctrl-C ends it")
    with shown_status("waiting for messages") as show:

        def is_over(tally: "Tally") -> bool:
            show(f"{plural(sum(tally.messages.values()), 'message')}, {tally.written_bytes / 1e6:.1f} MB")
            return (end_s is not None and time.monotonic() >= end_s) or tally.written_bytes >= max_mb * 1e6

        tally = write(settings, run, file, chosen, is_over=is_over)
    _say_what_came(file, tally, as_json=as_json)


def _say_what_came(file: Path, tally: "Tally", *, as_json: bool) -> None:
    if tally.missed:
        warn(f"{plural(tally.missed, 'message')} missed: this machine was too busy to record them")
    if as_json:
        counts = {"messages": tally.messages, "missed": tally.missed, "bytes": tally.written_bytes}
        say_json("record", {"file": str(file), **counts})
        return
    counted = (
        ", ".join(f"{count:,} {name}" for name, count in tally.messages.items()) or "nothing: does a box run there?"
    )
    say(f"{file}: {tally.written_bytes / 1e6:.1f} MB, {counted}")
