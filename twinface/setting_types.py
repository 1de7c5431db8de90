"""What values of the configuration may be: paths, names, numbers with their bounds, secrets; and what a table is."""

import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from twinface.text import PLACEHOLDER, from_folder


class Section(BaseModel):
    """A table of the configuration; a key that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def box_of_host() -> str:
    """The host's name without its domain, in the letters that a box's name may have."""
    host = re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname().partition(".")[0]).strip("-")
    return host[:64] or "box"


def require_both(first: str, one: object, second: str, other: object) -> None:
    """Raises ValueError where one of two settings that need each other is set."""
    if (one is None) != (other is None):
        raise ValueError(f"{first} and {second} go together: set both or neither")


def require_differing(what: str, names: Sequence[str]) -> None:
    """Raises ValueError where two tables have one name."""
    if len(set(names)) < len(names):
        raise ValueError(f"two {what} have the same name, of {', '.join(names)}")


def _from_its_folder(value: Path, info: ValidationInfo) -> Path:
    """The path as it is meant where the file stands, not where a command is called."""
    try:
        return (info.context or Path.cwd()) / value.expanduser()
    except RuntimeError as error:
        raise ValueError(f"nobody's home is {value.parts[0]}") from error


def source_from(value: str, info: ValidationInfo) -> str:
    """A camera's source; a webcam's number and a URL stay as they are, but for paths of placeholders in it."""
    if PLACEHOLDER.search(value):
        return from_folder(value, info.context or Path.cwd())
    return value if value.isdecimal() or "://" in value else str(_from_its_folder(Path(value), info))


def network_from(value: str, info: ValidationInfo) -> str:
    """A network's name, or its folder: what has a slash in it, or has a network.json."""
    folder = _from_its_folder(Path(value), info)
    return str(folder) if "/" in value or (folder / "network.json").is_file() else value


def placed(value: str, info: ValidationInfo) -> str:
    """A text in which the paths of placeholders are the configuration's."""
    return from_folder(value, info.context or Path.cwd())


def elsewhere(value: str) -> str:
    """A secret that stands elsewhere; the configuration is copied and shown too easily."""
    if value and not PLACEHOLDER.fullmatch(value):
        raise ValueError("write it elsewhere: ${NAME} is a variable of the environment, ${file:PATH} a file")
    return value


def without_password(value: str) -> str:
    """An address whose password, where it has one, stands elsewhere."""
    written = re.search(r"://[^/?#]*?:(.*)@|[?&]password=([^&]*)", value)
    elsewhere((written[1] or written[2] or "") if written else "")
    return value


def empty_is_none(value: object) -> object:
    """Nothing, where nothing is written."""
    return None if value == "" else value


SettingsPath = Annotated[Path, AfterValidator(_from_its_folder)]
OptionalPath = Annotated[SettingsPath | None, BeforeValidator(empty_is_none)]
TcpAddress = Annotated[str, Field(pattern=r"^tcp://\S+:\d{1,5}$", description="tcp://ADDRESS:PORT")]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="1 to 32 letters, digits, - and _")]
TIME = r"([01]\d|2[0-3]):[0-5]\d"
EventKind = Literal["enter", "update", "exit", "stayed", "two_cameras"]
Prefix = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        max_length=100,
        description="letters, digits, - and _, with / between levels",
    ),
]
"""What topics of MQTT begin with: levels of letters that are no filter anywhere."""
