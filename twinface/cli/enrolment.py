"""What the commands that enrol share: --force, and how they say what was set aside."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.console import warn

if TYPE_CHECKING:
    from twinface.recognition.enrolment import Objection

ForceOption = Annotated[
    bool, typer.Option("--force", help="Take what the quality gate would set aside, where there is a face at all.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def warn_of(picture: Path, objection: "Objection", *, taken: bool = False) -> None:
    """One line on stderr: the picture, the reason's code, and a sentence."""
    warn(f"{picture}: {objection}" + ("; taken all the same" if taken else ""))
