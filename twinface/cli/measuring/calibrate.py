"""`twinface calibrate`: the threshold of a false-accept rate, found on a gallery's own people."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json, warn
from twinface.cli.measuring.calibrate_report import NOTE, print_report, print_shortfall
from twinface.cli.measuring.calibrate_strangers import tell_expected
from twinface.errors import ArtefactError, InputError
from twinface.settings import MatchingSettings, Settings

if TYPE_CHECKING:
    from twinface.evaluation.figures.calibration import WorkingPoint
    from twinface.evaluation.protocols.calibrate_gallery import CalibrationReport
    from twinface.evaluation.protocols.shortfall import Shortfall
    from twinface.gallery import Gallery
    from twinface.matching import Head
    from twinface.matching.spec import DecisionCalibration


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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what is expected in this gallery: how often a stranger gets a name, and how many own pictures are missed.

    It needs no pictures of strangers, and stores nothing: what decides follows every change of the gallery by itself.

    With --far, --impostors or --output, or where the head knows no strangers: find the score that keeps a false-accept
    rate among these people, and store it in the head. Every picture is compared once with the others of its person and
    with everybody else.
    """
    from twinface.evaluation.protocols.calibrate_gallery import calibrate_gallery, learnt_by, read_strangers
    from twinface.evaluation.protocols.shortfall import find_shortfall
    from twinface.matching import head_in_use, load_head
    from twinface.matching.built_in import built_in_head
    from twinface.matching.calibrated import head_file, require_free
    from twinface.recognition.averaging import averages_for

    settings = chosen_settings()
    rate, head = settings.matching.false_accept_rate if far is None else far, head or settings.head
    _check(rate, settings.matching, head, output)
    by_people = not (far is None and impostors is None and output is None)
    if by_people and strangers_named is not None:
        raise InputError("--strangers-named is for `twinface calibrate` without --far, --impostors and --output")
    opened = _open(gallery or settings.gallery)
    in_use = head_in_use(settings.head, opened.folder, opened.network)
    if output is None:
        head = head or in_use
    before = head_file(head) if head else b""
    loaded = load_head(head, opened.network)
    if strangers_named is not None or (loaded.tail is not None and not by_people):
        tell_expected(opened, head, loaded, settings, strangers_named, as_json=as_json)
        return
    if output is not None:
        require_free(output, opened.network)
    strangers, left_out = read_strangers(impostors, opened) if impostors else ([], [])
    snapshot = opened.snapshot()
    about = {"gallery": str(opened.folder), "head": str(head) if head else None}
    if left_out:
        warn(f"{impostors}: left out as impostors, being in the gallery: {', '.join(left_out)}")
    if shortfall := find_shortfall(snapshot, strangers, rate):
        _refuse(shortfall, opened, load_head(in_use, opened.network), settings, about, as_json=as_json)
    learnt_from = head or built_in_head(opened.network)
    learnt = learnt_by(learnt_from, (*snapshot.names, *(one.name for one in strangers))) if learnt_from else []
    if learnt:
        warn(f"the head learnt from {len(learnt)} of these people and tells them apart best: thresholds are too low")
    probes = len(snapshot.vectors) + sum(len(person.vectors) for person in strangers)
    with progress_bar("comparing", probes) as bar:
        averages = averages_for(loaded, settings, opened)
        report = calibrate_gallery(
            opened, strangers, loaded, settings.matching, rate, averages=averages, advance=bar.advance
        )
    stored = _store(report.calibration(settings.matching), opened, head, before, output)
    if as_json:
        excluded = {"left_out": left_out, "learnt": learnt}
        found = {**about, "calibrated": True, **excluded, **_to_json(report, settings.matching, stored)}
        say_json(found)
        return
    print_report(report, opened.folder, settings.matching)
    say(_say_stored(stored, rate, settings.matching, head_is_set=stored == in_use))
    if stored is not None and loaded.tail is not None:
        say("from then on it takes the place of [matching] strangers_named")


def _open(folder: Path) -> "Gallery":
    from twinface.gallery import Gallery

    opened = Gallery.open(folder)
    for error in opened.damaged.values():
        warn(error)
    if not opened.people:
        raise ArtefactError(f"{folder}: nobody is in this gallery; add people with `twinface gallery add`")
    return opened


def _store(
    calibration: "DecisionCalibration", gallery: "Gallery", head: Path | None, before: bytes, output: Path | None
) -> Path | None:
    """Write the thresholds into the head, or the built-in one to `output`; returns where they are."""
    from twinface.matching.calibrated import add_calibration, write_built_in_head
    from twinface.networks import name_network

    if head is not None:
        add_calibration(head, calibration, before)
    elif output is not None:
        name = gallery.network_name or name_network(gallery.network)
        write_built_in_head(output, gallery.network, name, calibration)
    return head or output


def _check(rate: float, matching: MatchingSettings, head: Path | None, output: Path | None) -> None:
    if not 0 < rate < 1:
        raise InputError(f"--far {rate:g}: expected a rate between 0 and 1, such as 0.001")
    if matching.rule == "vote":
        raise InputError('the rule "vote" has no threshold, but a vote_share; set rule = "template" in [matching]')
    if head is not None and output is not None:
        raise InputError(f"--output is for the built-in head; leave it out: thresholds are stored in {head} itself")


def _refuse(
    shortfall: "Shortfall",
    gallery: "Gallery",
    in_use: "Head",
    settings: Settings,
    about: dict[str, Any],
    *,
    as_json: bool,
) -> NoReturn:
    """Say what these people can show and which threshold stays; the rate itself they cannot: InputError."""
    from twinface.matching.threshold import stands_for
    from twinface.recognition.averaging import averages_for
    from twinface.recognition.known import Known

    known = Known().updated(gallery, in_use, settings.matching, averages_for(in_use, settings, gallery))
    in_force = known.threshold(in_use, settings.matching)
    evidence, meaning = shortfall.evidence, stands_for(in_force.value, in_use.spec)
    if as_json:
        rest = dataclasses.asdict(shortfall)
        stays = {"value": in_force.value, "source": in_force.source, "stands_for": meaning}
        counts = {"people_pairs": int(evidence.pairs), "impostor_comparisons": int(evidence.comparisons)}
        found = {"calibrated": False, **rest.pop("evidence"), **counts, "far": rest.pop("rate"), **rest}
        say_json({**about, **found, "threshold_in_force": stays, "stored": None})
    else:
        print_shortfall(shortfall, in_force, meaning)
    without = "call `twinface calibrate` without --far and --impostors, which needs neither"
    mend = without if in_use.tail is not None else "train a head that knows strangers with `twinface train --strangers`"
    raise InputError(f"{shortfall}, or {mend}")


def _to_json(report: "CalibrationReport", matching: MatchingSettings, stored: Path | None) -> dict[str, Any]:
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


def _say_stored(stored: Path | None, rate: float, matching: MatchingSettings, *, head_is_set: bool) -> str:
    if stored is None:
        return "not stored: name a folder for the built-in head and its thresholds with --output"
    lines = [] if head_is_set else [f'head = "{stored.absolute()}"']
    if rate != matching.false_accept_rate:
        lines.append(f"[matching] false_accept_rate = {rate:g}")
    if matching.threshold is not None:
        lines.append('[matching] threshold = ""')
    todo = f"set in the configuration: {', '.join(lines)}" if lines else "in use from now on"
    return f"stored in {stored}; {todo}"
