"""`twinface calibrate`: the threshold of a false-accept rate, found on a gallery's own people."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json, warn
from twinface.cli.measuring.calibrate_report import NOTE, print_report, print_shortfall
from twinface.cli.measuring.calibrate_strangers import print_expected
from twinface.cli.shared_options import JsonOption

if TYPE_CHECKING:
    from twinface.calibration.by_people import CalibrationReport
    from twinface.calibration.calibrate import Calibrated, TooFewPeopleError
    from twinface.evaluation.figures.working_point import WorkingPoint
    from twinface.settings import MatchingSettings


def calibrate(
    *,
    gallery: Annotated[
        Path | None, typer.Option("--gallery", help="Folder of the gallery; default: as configured.")
    ] = None,
    head: Annotated[
        Path | None, typer.Option("--head", help="Folder of a head; default: as configured, else the built-in one.")
    ] = None,
    far: Annotated[
        float | None, typer.Option("--far", help="False-accept rate, 0 to 1; default: as configured.")
    ] = None,
    impostors: Annotated[
        Path | None, typer.Option("--impostors", help="Features of strangers, as `twinface extract` makes them.")
    ] = None,
    strangers_named: Annotated[
        float | None,
        typer.Option("--strangers-named", help="Share of strangers who may get a name; default: as configured."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="The built-in head only: folder to write it to, with thresholds.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Report what is expected in this gallery: how often a stranger gets a name, and how many own pictures are missed.

    It needs no pictures of strangers, and stores nothing: what decides follows every change of the gallery by itself.

    With --far, --impostors or --output, or where the head knows no strangers: find the score that keeps a false-accept
    rate among these people, and store it in the head. Every picture is compared once with the others of its person and
    with everybody else.
    """
    from twinface.calibration import calibrate as use_case

    settings = chosen_settings()
    wanted = use_case.Wanted(gallery, head, far, impostors, strangers_named, output)
    try:
        done = use_case.calibrate(settings, wanted, on_damaged=warn, show=progress_bar)
    except use_case.TooFewPeopleError as error:
        _print_too_few(error, as_json=as_json)
        raise
    if isinstance(done, use_case.Expected):
        print_expected(done, settings.matching, strangers_named, as_json=as_json)
    else:
        _print_calibrated(done, settings.matching, impostors, as_json=as_json)


def _print_calibrated(
    done: "Calibrated", matching: "MatchingSettings", impostors: Path | None, *, as_json: bool
) -> None:
    if done.left_out:
        warn(f"{impostors}: left out as impostors, being in the gallery: {', '.join(done.left_out)}")
    if done.learnt:
        warn(f"the head was trained on {len(done.learnt)} of these people: it tells them apart best")
    if as_json:
        excluded = {"left_out": done.left_out, "learnt": done.learnt}
        found = {**_about(done), "calibrated": True, **excluded, **_to_json(done.report, matching, done.stored)}
        say_json("calibrate --far", found)
        return
    print_report(done.report, done.gallery, matching)
    say(_say_stored(done.stored, done.rate, matching, head_is_set=done.is_in_use))
    if done.replaces_share:
        say("from then on it takes the place of [matching] strangers_named")


def _print_too_few(error: "TooFewPeopleError", *, as_json: bool) -> None:
    """What these people can show, and which threshold stays; the rate itself they cannot."""
    shortfall, in_force = error.shortfall, error.in_force
    if not as_json:
        print_shortfall(shortfall, in_force, error.meaning)
        return
    rest = dataclasses.asdict(shortfall)
    stays = {"value": in_force.value, "source": in_force.source, "stands_for": error.meaning}
    evidence = shortfall.evidence
    counts = {"people_pairs": int(evidence.pairs), "impostor_comparisons": int(evidence.comparisons)}
    found = {"calibrated": False, **rest.pop("evidence"), **counts, "far": rest.pop("rate"), **rest}
    say_json("calibrate --far", {**_about(error), **found, "threshold_in_force": stays, "stored": None})


def _about(done: "Calibrated | TooFewPeopleError") -> dict[str, Any]:
    return {"gallery": str(done.gallery), "head": str(done.head) if done.head else None}


def _to_json(report: "CalibrationReport", matching: "MatchingSettings", stored: Path | None) -> dict[str, Any]:
    from twinface.matching.threshold import rate_key

    evidence = report.evidence
    return {
        "rule": matching.rule,
        "best_k": matching.best_k,
        **dataclasses.asdict(evidence),
        "people_pairs": int(evidence.pairs),
        "impostor_comparisons": int(evidence.comparisons),
        "lowest_rate": evidence.lowest_rate,
        "far": report.chosen.rate,
        "threshold": report.chosen.threshold,
        "points": {rate_key(point.rate): _point_to_json(point) for point in report.points},
        "not_carried": [rate_key(rate) for rate in report.not_carried],
        "most_alike": dataclasses.asdict(report.alike) if report.alike else None,
        "most_alike_stranger": dataclasses.asdict(report.stranger_alike) if report.stranger_alike else None,
        "suspects": [dataclasses.asdict(one) for one in report.suspects],
        "stored": str(stored) if stored else None,
        "note": NOTE,
    }


def _point_to_json(point: "WorkingPoint") -> dict[str, Any]:
    from twinface.evaluation.report.wording import no_interval

    shares = {"false_accepts": point.accepted, "not_named": point.not_named, "strangers_named": point.strangers_named}
    return {
        "threshold": point.threshold,
        **{
            name: {
                "count": one.hits,
                "of": one.of,
                "share": one.share,
                "interval_95": dataclasses.astuple(one.interval) if one.interval else None,
                "no_interval": None if one.interval else no_interval(one.people),
            }
            for name, one in shares.items()
        },
    }


def _say_stored(stored: Path | None, rate: float, matching: "MatchingSettings", *, head_is_set: bool) -> str:
    if stored is None:
        return "not stored: name a folder for the built-in head and its thresholds with --output"
    lines = [] if head_is_set else [f'head = "{stored.absolute()}"']
    if rate != matching.false_accept_rate:
        lines.append(f"[matching] false_accept_rate = {rate:g}")
    if matching.threshold is not None:
        lines.append('[matching] threshold = ""')
    todo = f"set in the configuration: {', '.join(lines)}" if lines else "in use from now on"
    return f"stored in {stored}; {todo}"
