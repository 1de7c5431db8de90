"""What --help shows."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import typer
from typer.testing import CliRunner

from twinface.cli.main import app
from twinface.enrolment.objections import Objection, Reason, force_helps
from twinface.events import Kind, Subject


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command from this one down, with the words it is called by."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


def _unspaced(text: str) -> str:
    return "".join(text.split())


def test_every_help_text_is_shown_whole_also_what_it_has_in_brackets() -> None:
    texts = 0
    for path, command in commands(typer.main.get_command(app)):
        shown = _unspaced(CliRunner().invoke(app, [*path, "--help"]).stdout)
        about = [option.help for option in command.params if getattr(option, "help", None)]
        assert [text for text in (command.help.splitlines()[0], *about) if _unspaced(text) not in shown] == [], path
        texts += len(about)
    assert texts > 50


def test_help_texts_fill_a_terminal_of_80_columns() -> None:
    wrapped = 0
    for path, command in commands(typer.main.get_command(app)):
        if hasattr(command, "commands"):
            continue
        shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80"}).stdout
        lines = [
            line.strip() for line in re.split(r"^(Arguments|Options):$", shown, flags=re.MULTILINE)[0].splitlines()
        ]
        for line, following in pairwise(lines):
            assert not line or not following or len(line) + 1 + len(following.split()[0]) > 76, (path, line)
            wrapped += bool(line and following)
    assert wrapped > 30


def test_every_reason_that_force_helps_against_is_in_the_help_of_who_enrols() -> None:
    """Of a person as a whole is nothing that a picture could be taken in spite of."""
    of_people = {Reason.NO_PICTURES, Reason.UNUSABLE_NAME, Reason.DAMAGED}
    for path in (("gallery", "add"), ("selfies",), ("capture",)):
        shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "900"}).stdout
        listed = {reason for reason in set(Reason) - of_people if reason.value in shown.partition("--force ")[2]}
        assert listed == {reason for reason in set(Reason) - of_people if force_helps(Objection(reason, ""))}, path


def test_the_words_that_events_takes_are_in_its_help(twinface: Callable[..., tuple[int, str, str]]) -> None:
    shown = " ".join(CliRunner().invoke(app, ["events", "--help"], env={"COLUMNS": "400"}).stdout.split())
    assert "enter, update, exit, stayed or two_cameras" in shown
    for option, words in (("--kind", Kind), ("--subject", Subject)):
        assert all(word in shown.partition(option)[2] for word in words)
        code, _, errors = twinface("events", option, "nothing")
        assert (code, errors) == (2, f"twinface: {option} nothing: expected {', '.join(words)}\n")


def test_each_command_stands_below_its_heading_with_a_sentence_of_its_own() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "100"}).stdout
    sections = dict(re.findall(r"^([A-Z][^\n]*):\n(.*?)(?:\n\n|\Z)", shown, flags=re.MULTILINE | re.DOTALL))
    assert [*sections] == ["Options", *FOLDERS]
    for name, command in typer.main.get_command(app).commands.items():
        first = command.get_short_help_str(1000)
        assert _unspaced(f"{name}{first}") in _unspaced(sections[command.rich_help_panel])
        assert not first.endswith("...")


FOLDERS = {
    "Pictures": "pictures",
    "Gallery": "gallery",
    "The running box": "live",
    "Review": "review",
    "Learning": "learning",
    "Measuring": "measuring",
    "Webhooks": "webhooks",
    "Other boxes": "keys",
    "Notifications": "notify",
}
"""Where the commands below a heading of the help are; those of `gallery` are with the other ones of that heading."""


def test_every_command_is_in_the_file_of_its_name_in_the_folder_of_its_heading() -> None:
    top = typer.main.get_command(app)
    places = {
        path: (command.callback.__module__, FOLDERS[(top.commands[path[0]]).rich_help_panel])
        for path, command in commands(top)
        if path and not hasattr(command, "commands")
    }
    assert len(places) > 35
    for path, (module, folder) in places.items():
        assert module == f"twinface.cli.{folder}.{path[-1].replace('-', '_')}"
    assert len(set(places.values())) == len(places)
