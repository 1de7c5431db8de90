"""`twinface gallery add --people`: many people at once, and what became of them."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, note, progress_bar, say_json, warn
from twinface.errors import InputError
from twinface.gallery import Gallery

if TYPE_CHECKING:
    from twinface.enrolment.many_people import PersonResult

_INTERRUPTED = 130


def add_people(
    people: Path,
    gallery: Path | None,
    network: str | None,
    *,
    aligned: bool,
    force: bool,
    source: str | None,
    as_json: bool,
) -> None:
    """Enrol everybody of a folder of people or of features, and show a summary."""
    from twinface.corrections.recording import user_name
    from twinface.enrolment.candidates import list_candidates
    from twinface.enrolment.from_pictures import try_likeness_gate
    from twinface.enrolment.many_people import enrol_people
    from twinface.networks import find_recipe
    from twinface.outputs import refuse_inputs
    from twinface.recognition.people import describe_left_out_of_people

    settings = chosen_settings()
    settings = settings.model_copy(update={"network": network or settings.network})
    folder, recipe = gallery or settings.gallery, find_recipe(settings.network)
    refuse_inputs(folder, [people], "name another folder with --gallery")
    candidates = list_candidates(people, recipe.fingerprint)
    for line in describe_left_out_of_people(people):
        warn(line)
    opened = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
    gate, unchecked = (None, "") if force else try_likeness_gate(opened, settings)
    if unchecked:
        warn(f"not checked whom the pictures look like: {unchecked}")
    results: list[PersonResult] = []
    stopped = True
    try:
        with (
            progress_bar("adding people", sum(one.count for one in candidates)) as bar,
            closing(
                enrol_people(
                    candidates,
                    opened,
                    gate,
                    settings,
                    who=user_name(),
                    aligned=aligned,
                    force=force,
                    source=source,
                    advance=bar.advance,
                )
            ) as enrolled,
        ):
            for result in enrolled:
                results.append(result)
                _warn_of(result)
        stopped = False
    except KeyboardInterrupt:
        note("stopped: who was added is in the gallery; the same command goes on")
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        report = _report(opened, people, results, of=len(candidates), stopped=stopped)
        if as_json:
            say_json(report)
        else:
            _print(report)
    if not any(one.added or one.known for one in results):
        raise InputError(f"{people}: nobody of {len(candidates)} people could be added; see the warnings")


def _warn_of(result: "PersonResult") -> None:
    """One line for a person of whom nothing could be added."""
    if result.problem is not None:
        warn(f"{result.name}: {result.problem}")
    elif not result.added and not result.known:
        warn(f"{result.name}: none of {len(result.refused)} pictures could be used: {_counted(result.reasons)}")


def _counted(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())


def _report(gallery: Gallery, source: Path, results: list["PersonResult"], *, of: int, stopped: bool) -> dict[str, Any]:
    """The summary, JSON-ready."""
    from twinface.enrolment.many_people import Outcome
    from twinface.enrolment.set_aside import describe

    reasons = sum((one.reasons for one in results), Counter[str]())
    return {
        "gallery": str(gallery.folder),
        "from": str(source),
        "stopped": stopped,
        "people": {"all": of} | {outcome.value: _count(results, outcome) for outcome in Outcome},
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
        console.print(f"{done:,} of {report['people']['all']:,} people were looked at")
    console.print(report["gallery"], markup=False)
