"""`twinface echo`: the messages of a topic, as they come."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import ended_by_its_reader, reader_has_left, say, say_json

if TYPE_CHECKING:
    from twinface.messages.schema import Message

_SHOWN_NUMBERS = 4


def echo(
    topic: Annotated[
        str, typer.Argument(help="crops, vectors, tracks, matches, looks, preview or health; twinface.messages.topics.")
    ],
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many messages.")] = None,
    recording: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Those of a recording instead of the box that runs.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print each message of a topic on a line, until Ctrl-C; of an array its type, shape and first numbers.

    Whoever looks on at a work link (crops, vectors, tracks) gets copies, which are made for as long as that takes: the
    link is not slowed down and nothing on it is lost. Who reads too slowly misses some.
    """
    shown = 0
    with ended_by_its_reader():
        for message in _messages(topic, recording):
            if reader_has_left():
                return
            if message is None:
                continue
            fields = {"topic": topic, **_plain(message)}
            if as_json:
                say_json("echo", fields, on_a_line=True)
            else:
                say(f"{fields['stamp']['origin']} #{fields['stamp']['sequence']}  {_on_a_line(fields)}")
            shown += 1
            if shown == count:
                return


def _messages(topic: str, recording: Path | None) -> "Iterator[Message | None]":
    from twinface.box.recorder import find_topics, messages, watch
    from twinface.messages.recording_file import read_recording

    topics = find_topics([topic])
    if recording is not None:
        yield from (one.message for one in read_recording(recording)[1] if one.topic == topic)
        return
    settings = chosen_settings()
    with watch(settings, chosen_run_directory(settings), topics) as watcher:
        for came in messages(watcher):
            yield came[1] if came is not None else None


def _plain(message: "Message") -> dict[str, Any]:
    """A message, JSON-ready."""
    from dataclasses import asdict

    array = message.array
    described = None
    if array is not None:
        numbers = [round(float(one), 4) for one in array.reshape(-1)[:_SHOWN_NUMBERS]]
        described = {"dtype": array.dtype.str, "shape": list(array.shape), "begins": numbers}
    body = {"kind": message.body.kind, **asdict(message.body)}
    return {"stamp": asdict(message.stamp), "body": body, "array": described}


def _on_a_line(fields: dict[str, Any]) -> str:
    array = fields["array"]
    end = f"  array {array['dtype']} {array['shape']} {array['begins']}…" if array else ""
    return " ".join(f"{name}={value}" for name, value in fields["body"].items()) + end
