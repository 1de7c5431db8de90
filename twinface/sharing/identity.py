"""Who a box is among others: an id of its own, kept beside its gallery, and the name that people gave it."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import write_atomically
from twinface.settings import Settings

_FILE = "box.id"


@dataclass(frozen=True, slots=True)
class Identity:
    """`id` is 32 hexadecimal digits and never changes; two boxes may have one `name` by mistake."""

    id: str
    name: str


def identity_path(settings: Settings) -> Path:
    """The file of the id."""
    return settings.gallery.with_name(_FILE)


def own_identity(settings: Settings) -> Identity:
    """This box's, made when it is asked for first. Raises ArtefactError where its file is not one of ours."""
    path = identity_path(settings)
    if not path.exists():
        write_atomically(path, f"{secrets.token_hex(16)}\n".encode())
    text = path.read_text(errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise ArtefactError(f"{path}: no id of a box in it; delete it, and this box is a new one among the others")
    return Identity(text, settings.box_name)
