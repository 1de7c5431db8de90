"""`twinface calibrate` without pictures of strangers: what is expected in this gallery, printed."""

import dataclasses
from typing import TYPE_CHECKING, Any

from twinface.cli.console import say, say_json, warn
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.calibration.calibrate import Expected
    from twinface.calibration.expected import StrangersExpected
    from twinface.settings import MatchingSettings

_MOST_NAMED = 20


def print_expected(done: "Expected", matching: "MatchingSettings", share: float | None, *, as_json: bool) -> None:
    """Print it, for people or as one JSON object."""
    found = done.found
    if done.learnt:
        warn(f"the head was trained on {len(done.learnt)} of these people: it misses fewer of their pictures")
    if as_json:
        about = {"gallery": str(done.gallery), "head": str(done.head) if done.head else None, "learnt": done.learnt}
        say_json("calibrate", {**about, **_to_json(found), "stored": None})
        return
    for line in (*_about_strangers(found), *_about_people(found), *_about_force(found, matching, share)):
        say(line)


def _about_strangers(found: "StrangersExpected") -> list[str]:
    lines = [
        f"{plural(found.people, 'person')} with {plural(found.pictures, 'picture', 'pictures')}",
        f"threshold {found.threshold:.4g}, so that {_percent(found.asked)} of strangers at most get a name from one "
        f"look; expected are {_percent(found.everyday)} by everyday pictures, {_percent(found.posed)} by posed ones",
    ]
    near = found.near
    if near is not None:
        looks = ": look at their pictures, a poor one may be among them" if near.stands_out else ""
        lines.append(
            f"strangers come near {near.name} most, {near.share:.0%} of those who come nearest to anybody, where "
            f"{near.even:.0%} would be even{looks}"
        )
    return lines


def _about_people(found: "StrangersExpected") -> list[str]:
    lines = []
    if found.missed is not None:
        bounds = found.missed.interval
        between = f", {bounds.low:.1%} to {bounds.high:.1%} with 95 % confidence" if bounds else ""
        lines.append(
            f"own pictures missed, each left out once: {found.missed.hits:,} of {found.missed.of:,}{between}"
            f" ({plural(len(found.own), 'person')})"
        )
        missed = sorted((one for one in found.own if one.missed), key=lambda one: -one.missed / one.pictures)
        lines += [f"  {one.name}: {one.missed} of {one.pictures}" for one in missed[:_MOST_NAMED]]
        if len(missed) > _MOST_NAMED:
            lines.append(f"  and {plural(len(missed) - _MOST_NAMED, 'person')} more; --json lists all")
    if found.single:
        some = ", ".join(found.single[:_MOST_NAMED]) + (", …" if len(found.single) > _MOST_NAMED else "")
        have = "has" if len(found.single) == 1 else "have"
        lines.append(f"{plural(len(found.single), 'person')} {have} one picture, none to leave out: {some}")
    if (two := found.most_alike) is not None:
        lines.append(f"most alike: {two.first} and {two.second}, score {two.score:.3f}, {two.highest:.3f} at most")
    lines += [
        f"{two.first} and {two.second} reach the threshold with each other: one person under two names, or twins,"
        " who get no name where they do not lead by margin"
        for two in found.twins[:_MOST_NAMED]
    ]
    return lines


def _about_force(found: "StrangersExpected", matching: "MatchingSettings", share: float | None) -> list[str]:
    """Which threshold decides as things are, and what changes it."""
    wanted = f"[matching] strangers_named = {'SHARE' if share is None else f'{share:g}'}"
    if matching.threshold is not None:
        mend = f'set in the configuration: [matching] threshold = "", {wanted}'
    elif not found.is_left_open:
        mend = f"that of the head decides; set in the configuration: another head, such as the bundled one, {wanted}"
    elif share is None or share == matching.strangers_named:
        return [
            "this threshold is in force, and found again at every change of the gallery; nothing is stored. For "
            f"another share, set in the configuration: {wanted}"
        ]
    else:
        mend = f"set in the configuration: {wanted}"
    return [f"nothing is stored; the {found.in_force} is in force: {mend}"]


def _to_json(found: "StrangersExpected") -> dict[str, Any]:
    rest = dataclasses.asdict(found)
    missed = rest.pop("missed")
    if found.missed is not None:
        bounds = found.missed.interval
        missed = {
            "count": found.missed.hits,
            "of": found.missed.of,
            "share": found.missed.share,
            "interval_95": dataclasses.astuple(bounds) if bounds else None,
        }
    in_force = {"value": found.in_force.value, "source": found.in_force.source, "is_left_open": found.is_left_open}
    shares = {"everyday": rest.pop("everyday"), "posed": rest.pop("posed")}
    return {
        "people": rest.pop("people"),
        "pictures": rest.pop("pictures"),
        "strangers_named": rest.pop("asked"),
        "threshold": rest.pop("threshold"),
        "strangers_expected": shares,
        "own_missed": missed,
        "threshold_in_force": in_force,
        **{name: part for name, part in rest.items() if name not in ("in_force", "is_left_open")},
    }


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
