"""What the commands that enrol share: --force, and how they say what was set aside."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.console import say, say_json, warn
from twinface.enrolment.objections import FORCED
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.enrolment.from_looks import Enrolled
    from twinface.enrolment.objections import Objection

ForceOption = Annotated[
    bool,
    typer.Option("--force", help=f"Take what the gate would set aside, where there is a face: {', '.join(FORCED)}."),
]


def warn_of(picture: Path, objection: "Objection", *, taken: bool = False) -> None:
    """One line on stderr: the picture, the reason's code, and a sentence."""
    warn(f"{picture}: {objection}" + ("; taken all the same" if taken else ""))


@contextmanager
def refusals_told(tell: Callable[["Enrolled"], None]) -> Iterator[None]:
    """The block enrols looks; where none of them is any good, `tell` says why of each before that is an error."""
    from twinface.enrolment.from_looks import NothingEnrolledError

    try:
        yield
    except NothingEnrolledError as error:
        tell(error.enrolled)
        raise


def tell_enrolled(shape: str, enrolled: "Enrolled", about: Mapping[str, object], *, as_json: bool) -> None:
    """Say which looks were enrolled and which were not, and why; for machines in one of the shapes of `SCHEMAS`."""
    if enrolled.unchecked:
        warn(f"not checked whom the pictures look like: {enrolled.unchecked}")
    for look, objection in enrolled.refused:
        warn(f"{look.source}: {objection}")
    counts = {"added": len(enrolled.added), "known": len(enrolled.known), "refused": len(enrolled.refused)}
    if as_json:
        refused = [
            {"look": look.source, "reason": objection.reason.value, "sentence": objection.sentence}
            for look, objection in enrolled.refused
        ]
        report = {"name": enrolled.name, **about, **counts, "objections": refused, "step": enrolled.step}
        say_json(shape, report)
    elif enrolled.added or enrolled.known:
        added = plural(len(enrolled.added), "look")
        line = f"{added} added, {len(enrolled.known)} with nothing new, {len(enrolled.refused)} set aside"
        say(f"{enrolled.name}: {line}: {about['gallery']}")
