"""What people say of who somebody is: this is not them, this is, this is a new one. Each is a step to be taken back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twinface.corrections.audit_file import user_name
from twinface.corrections.correction import Correction, CorrectionKind
from twinface.corrections.corrections_file import add_corrections
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.enrolment.from_looks import Enrolled, NothingEnrolledError, enrol_looks
from twinface.enrolment.open_likeness import try_likeness_gate
from twinface.errors import InputError, NameTakenError
from twinface.events.event import LookRecord, TrackKey
from twinface.gallery.gallery import Gallery
from twinface.gallery.names import checked_name
from twinface.networks.registry import find_recipe
from twinface.review.evidence import Evidence, find_evidence, require_looks
from twinface.settings import Settings
from twinface.unknowns.unknowns import find_unknown, remove_unknowns, unknown_looks


@dataclass(frozen=True, slots=True)
class Rejected:
    """That the faces of `looks` looks of the `tracks` are not `name` was noted as step `step`."""

    name: str
    tracks: tuple[str, ...]
    looks: int
    step: int | None


def reject(
    settings: Settings,
    *,
    event: int | None = None,
    track: str | None = None,
    name: str | None = None,
    who: str | None = None,
) -> Rejected:
    """Note that whoever an event or a track is about is not who they were said to be: `name`, of several names.

    Raises InputError where that says nobody, ArtefactError where it cannot be noted.
    """
    evidence = find_evidence(settings.events_path, event, track)
    chosen = evidence.choose_name(name)
    looks = require_looks(evidence, evidence.looks_at(chosen))
    tracks = tuple(dict.fromkeys(str(look.key) for look in looks))
    change = Change(StepKind.REJECT, f"{', '.join(tracks)} is not {chosen}", (chosen,), who or user_name())
    with recorded(change, settings) as step:
        add_corrections(settings.gallery, _corrections(CorrectionKind.REJECT, chosen, looks, evidence))
    return Rejected(chosen, tracks, len(looks), step.number)


def confirm(
    settings: Settings,
    *,
    event: int | None = None,
    track: str | None = None,
    name: str | None = None,
    force: bool = False,
    who: str | None = None,
) -> Enrolled:
    """Note that whoever an event or a track is about is who they were said to be, and enrol the good new looks.

    With `force` nothing speaks against any. Raises InputError where that says nobody, or nobody of that name is in the
    gallery, NothingEnrolledError where no look is any good, which changes nothing; otherwise as `enrol_looks`.
    """
    evidence = find_evidence(settings.events_path, event, track)
    chosen = evidence.choose_name(name)
    looks = require_looks(evidence, evidence.looks_at(chosen))
    gallery = Gallery.open(settings.gallery, network=find_recipe(settings.network).fingerprint)
    if not gallery.knows(chosen):
        raise InputError(f"nobody called {chosen!r} is in the gallery any more; `twinface enrol` adds them again")
    gate, unchecked = (None, "") if force else try_likeness_gate(gallery, settings)
    change = Change(StepKind.CONFIRM, f"{evidence.what} is {chosen}", (chosen,), who or user_name(), _tracks(looks))
    with recorded(change, settings) as step:
        enrolled = enrol_looks(chosen, looks, gallery, gate, settings, force=force)
        taken = (*enrolled.added, *enrolled.known)
        if taken:
            add_corrections(settings.gallery, _corrections(CorrectionKind.CONFIRM, chosen, taken, evidence))
    return _some(
        replace(enrolled, what=evidence.what, unchecked=unchecked, step=step.number),
        "it stays as it was; --force takes them where they are right all the same",
    )


def enrol(
    settings: Settings,
    name: str,
    *,
    track: str | None = None,
    unknown: str | None = None,
    merge: bool = False,
    force: bool = False,
    who: str | None = None,
) -> Enrolled:
    """Give a face that was seen a name: that of a track, or of an unknown visitor, who then is unknown no more.

    With `merge` the person may be in the gallery already. Raises InputError for a name that is none or somebody's, and
    where nobody is meant, NothingEnrolledError where no look is any good; otherwise as `enrol_looks`.
    """
    name = checked_name(name)
    what, looks = _choose(settings, track, unknown)
    recipe = find_recipe(settings.network)
    gallery = Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=True)
    if gallery.knows(name) and not merge:
        raise NameTakenError(name, "where this is the same person, or choose another name")
    gate, unchecked = (None, "") if force else try_likeness_gate(gallery, settings)
    unknowns = tuple(sorted({look.unknown for look in looks if look.unknown is not None}))
    change = Change(StepKind.ENROL, f"{what} is {name}", (name,), who or user_name(), _tracks(looks), unknowns)
    with recorded(change, settings) as step:
        enrolled = enrol_looks(name, looks, gallery, gate, settings, force=force)
        if enrolled.added or enrolled.known:
            remove_unknowns(settings.events_path, unknowns)
    return _some(
        replace(enrolled, what=what, unchecked=unchecked, step=step.number),
        "wait for a better look, or use --force where they are right all the same",
    )


def _some(enrolled: Enrolled, mend: str) -> Enrolled:
    if not enrolled.added and not enrolled.known:
        raise NothingEnrolledError(enrolled, mend)
    return enrolled


def _choose(settings: Settings, track: str | None, unknown: str | None) -> tuple[str, list[LookRecord]]:
    """What is to be enrolled, in words, and its looks."""
    if (track is None) == (unknown is None):
        raise InputError("name either a track with --track, or somebody unknown with --unknown")
    if unknown is not None:
        visitor = find_unknown(settings.events_path, unknown)
        return str(visitor), unknown_looks(settings.events_path, visitor.number)
    evidence = find_evidence(settings.events_path, None, track)
    return evidence.what, require_looks(evidence, evidence.last_looks)


def _corrections(kind: CorrectionKind, name: str, looks: Sequence[LookRecord], evidence: Evidence) -> list[Correction]:
    event, now_ns = evidence.event.sequence if evidence.event else None, time.time_ns()
    return [
        Correction(kind, name, look.vector, look.network, look.quality, str(look.key), event, now_ns) for look in looks
    ]


def _tracks(looks: Sequence[LookRecord]) -> tuple[TrackKey, ...]:
    return tuple(dict.fromkeys(look.key for look in looks))
