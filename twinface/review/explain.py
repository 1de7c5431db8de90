"""Why somebody was said to be whom they were said to be, JSON-ready."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from twinface.enrolment.objections import object_to_look
from twinface.events.event import Event, LookRecord, TrackKey
from twinface.review.evidence import Evidence
from twinface.types import Candidate
from twinface.unknowns.unknowns import unknown_id

_TOLD = ("sequence", "kind", "at_ns", "state", "name", "score", "reason")


def explain(evidence: Evidence) -> dict[str, Any]:
    """Every track: what was reported of it, and every kept look; `decision` is the one after the last of these, of
    an event after the last before it.
    """
    return {
        "event": None if evidence.event is None else evidence.event.sequence,
        "tracks": [
            _explain_track(
                key,
                [event for event in evidence.history if event.key == key],
                [look for look in evidence.looks if look.key == key],
                evidence.event,
            )
            for key in evidence.tracks
        ],
    }


def _explain_track(
    key: TrackKey, history: Sequence[Event], looks: Sequence[LookRecord], event: Event | None
) -> dict[str, Any]:
    unknowns = {look.unknown for look in looks if look.unknown is not None}
    last = history[-1] if history else None
    before = [look for look in looks if event is None or _is_before(look, event)] or looks[:1]
    return {
        "track": str(key),
        "camera": key.camera,
        "state": last.state if last else None,
        "name": last.name if last else None,
        "unknown": next(map(unknown_id, unknowns), None),
        "history": [{name: getattr(event, name) for name in _TOLD} for event in history],
        "looks": [_explain_look(look) for look in looks],
        "decision": _explain_decision(before[-1]) if before else None,
    }


def _is_before(look: LookRecord, event: Event) -> bool:
    """Whether the look was taken by then: by frames of one track, since a wall clock may be put meanwhile."""
    return look.frame <= event.frame if look.key == event.key else look.at_ns <= event.at_ns


def _explain_look(look: LookRecord) -> dict[str, Any]:
    objection = object_to_look(look)
    return {
        "look": look.source,
        "at_ns": look.at_ns,
        "face": look.face,
        "quality": look.quality,
        "measures": {} if look.measures is None else asdict(look.measures),
        "objection": None if objection is None else objection.reason.value,
        "candidates": _plain(look.candidates),
        "enrolled_as": look.enrolled_as,
        **_explain_decision(look),
    }


def _explain_decision(look: LookRecord) -> dict[str, Any]:
    """What was decided after a look; `missed_by` and `lead_missed_by` are null where the bound was reached."""
    threshold, margin = look.bounds.get("threshold"), look.bounds.get("margin")
    scores = [one.score for one in look.together]
    lead = scores[0] - scores[1] if len(scores) > 1 else None
    return {
        "state": look.state,
        "name": look.name,
        "score": look.score,
        "reason": look.reason,
        "together": _plain(look.together),
        "bounds": dict(look.bounds),
        "missed_by": _missed(scores[0] if scores else None, threshold),
        "lead": lead,
        "lead_missed_by": _missed(lead, margin),
        "gallery_version": look.gallery_version,
        "head": look.head,
    }


def _missed(value: float | None, bound: float | None) -> float | None:
    return bound - value if value is not None and bound is not None and value < bound else None


def _plain(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    return [asdict(one) for one in candidates]
