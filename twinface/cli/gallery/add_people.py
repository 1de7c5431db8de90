"""`twinface gallery add --people`: many people at once, and what became of them."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from twinface.cli.console import Terminal, note, progress_bar, say_json, warn
from twinface.errors import InputError
from twinface.text import none_usable, plural

if TYPE_CHECKING:
    from twinface.enrolment.many_people import FolderOfPeople, PersonResult
    from twinface.settings import Settings

_INTERRUPTED = 130


def add_people(
    folder: Path, settings: "Settings", *, aligned: bool, force: bool, source: str | None, as_json: bool
) -> None:
    """Enrol everybody of a folder of people or of features, and show a summary."""
    from twinface.enrolment.many_people import enrol_folder, open_folder_of_people

    people = open_folder_of_people(folder, settings, force=force)
    for line in people.warnings:
        warn(line)
    results: list[PersonResult] = []
    stopped = True
    try:
        with closing(enrol_folder(people, settings, aligned=aligned, source=source, show=progress_bar)) as enrolled:
            for result in enrolled:
                results.append(result)
                _warn_of(result)
        stopped = False
    except KeyboardInterrupt:
        note("stopped: who was added is in the gallery; the same command goes on")
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        report = _report(people, results, stopped=stopped)
        if as_json:
            say_json("gallery add --people", report)
        else:
            _print(report)
    if not any(one.added or one.known for one in results):
        raise InputError(
            f"{folder}: of {plural(len(people.applicants), 'person')} nobody could be added; see the warnings"
        )


def _warn_of(result: "PersonResult") -> None:
    """One line for a person of whom nothing could be added."""
    if result.problem is not None:
        warn(f"{result.name}: {result.problem}")
    elif not result.added and not result.known:
        warn(f"{result.name}: {none_usable(len(result.refused), 'picture')}: {_counted(result.reasons)}")


def _counted(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())


def _report(people: "FolderOfPeople", results: list["PersonResult"], *, stopped: bool) -> dict[str, Any]:
    """The summary, JSON-ready."""
    from twinface.enrolment.many_people import Outcome
    from twinface.enrolment.set_aside import describe

    reasons = sum((one.reasons for one in results), Counter[str]())
    return {
        "gallery": str(people.gallery.folder),
        "from": str(people.folder),
        "stopped": stopped,
        "people": {"all": len(people.applicants)} | {outcome.value: _count(results, outcome) for outcome in Outcome},
        "pictures": {
            "added": sum(one.added for one in results),
            "known": sum(one.known for one in results),
            "refused": sum(len(one.refused) for one in results),
        },
        "reasons": dict(reasons.most_common()),
        "results": [
            {
                "name": one.name,
                "outcome": one.outcome.value,
                "added": one.added,
                "known": one.known,
                "refused": [describe(Path(picture), objection) for picture, objection in one.refused],
                "problem": None if one.problem is None else str(one.problem),
            }
            for one in results
        ],
    }


def _count(results: Iterable["PersonResult"], outcome: str) -> int:
    return sum(one.outcome == outcome for one in results)


def _print(report: dict[str, Any]) -> None:
    table = Table("", "people", "pictures", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for outcome, title in (("added", "added"), ("known", "known already"), ("refused", "refused")):
        table.add_row(title, f"{report['people'][outcome]:,}", f"{report['pictures'][outcome]:,}")
    console = Terminal(highlight=False, soft_wrap=True)
    console.print(table)
    if report["reasons"]:
        console.print(f"refused: {_counted(Counter(report['reasons']))}")
    done = sum(report["people"][outcome] for outcome in ("added", "known", "refused"))
    if report["stopped"]:
        console.print(f"{done:,} of {plural(report['people']['all'], 'person')} looked at")
    console.print(report["gallery"], markup=False)
