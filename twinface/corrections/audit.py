"""Every change by hand, and every login, in one list: who, what, when, and whether it was taken back."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

from twinface.corrections.audit_file import Note, read_notes
from twinface.corrections.steps import list_steps, taken_back_by


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change or login, numbered from 1 for the oldest that is known; `undone_by` is the step that took it back."""

    number: int
    at_ns: int
    who: str
    what: str
    said: str
    step: int | None
    undone_by: int | None


def list_audit(gallery: Path) -> list[AuditEntry]:
    """Everything that is known, the newest first: steps in their words, and what is no step, or no longer kept.

    Raises ArtefactError where the steps cannot be listed.
    """
    steps = list_steps(gallery)
    by = taken_back_by(steps)
    kept = {(one.number, one.at_ns) for one in steps}
    notes = [Note(one.at_ns, one.who, str(one.kind), one.said, one.number) for one in steps if one.is_done]
    notes += [one for one in read_notes(gallery) if (one.step, one.at_ns) not in kept]
    notes.sort(key=lambda one: (one.at_ns, one.step or 0))
    numbered = enumerate(notes, 1)
    entries = [
        AuditEntry(number, one.at_ns, one.who, one.what, one.said, one.step, _undone_by(one, by, kept))
        for number, one in numbered
    ]
    return entries[::-1]


def _undone_by(one: Note, by: Mapping[int, int], kept: Container[tuple[int, int]]) -> int | None:
    return by.get(one.step) if one.step is not None and (one.step, one.at_ns) in kept else None
