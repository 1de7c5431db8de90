"""A change of people, corrections or looks as a step that can be taken back: who, when, before, after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from twinface.corrections.difference import Difference
from twinface.events.look_marks import Marks
from twinface.gallery.person_files import PersonFiles


class StepKind(StrEnum):
    """What was done."""

    REJECT = "reject"
    CONFIRM = "confirm"
    ENROL = "enrol"
    ADD = "add"
    RENAME = "rename"
    MERGE = "merge"
    REMOVE = "remove"
    UNDO = "undo"
    FORGOTTEN = "forgotten"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A change: `said` tells it in words, `names` are all people it concerns, `who` made it, `at_ns` is wall clock.

    `people` are the files before, by name, and `digests` those after; `corrections` what became of these; `marks` are
    those of looks before, `marks_after` after. `network` is the fingerprint of the gallery's network then. Until the
    change is over `is_done` is false: what is after is not known then, and all corrections before count as removed.
    `undoes` is the number of the step that it took back.
    """

    number: int
    kind: StepKind
    said: str
    names: tuple[str, ...]
    who: str
    at_ns: int
    network: str = ""
    is_done: bool = False
    undoes: int | None = None
    people: Mapping[str, PersonFiles] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    corrections: Difference = field(default_factory=Difference)
    marks: Marks = field(default_factory=Marks)
    marks_after: Marks = field(default_factory=Marks)
