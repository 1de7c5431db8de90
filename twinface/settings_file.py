"""A configuration file read: an unknown key is an error that names its line and the nearest known one."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, get_args

import pydantic

from twinface.config_file import config_in_use, line_of, read_config
from twinface.errors import SettingsError
from twinface.settings import Settings


def load_settings(path: Path | None = None) -> Settings:
    """Read and check a configuration file; without `path` the nearest one, see `twinface.config_file`.

    Relative paths in it are taken from the folder that it lies in.

    Raises SettingsError with file, line and mend: unreadable file, bad TOML, unknown key, wrong type, out of range.
    """
    path = path.absolute() if path else config_in_use()
    text = read_config(path)
    try:
        return Settings.model_validate(tomllib.loads(text), context=path.parent)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except pydantic.ValidationError as error:
        raise SettingsError(_explain(error, text, path)) from error


_RENAMED = {"strangers": "unknowns"}
"""What was called otherwise before, and is not near its new name."""


def _explain(error: pydantic.ValidationError, text: str, path: Path) -> str:
    """The first mistake as one line: file, line number, what is wrong, the mend."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    location = tuple(first["loc"])
    dotted = ".".join(str(part) for part in location)
    where = f"{path}:{line_of(text, location)}"
    if first["type"] == "string_pattern_mismatch":
        said = _model_of(location[:-1]).model_fields[str(location[-1])].description
        return f"{where}: {dotted}: {first['input']!r} does not fit; expected {said}"
    if first["type"] != "extra_forbidden":
        return f"{where}: {dotted or 'settings'}: {first['msg']}"
    known = [*_model_of(location[:-1]).model_fields]
    renamed = [_RENAMED[dotted]] if dotted in _RENAMED else []
    nearest = renamed or difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.6)
    mend = f"did you mean {nearest[0]!r}?" if nearest else f"known here: {', '.join(known)}"
    return f"{where}: unknown setting {dotted!r}; {mend}"


def _model_of(section: tuple[int | str, ...]) -> type[pydantic.BaseModel]:
    model: Any = Settings
    for part in section:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = get_args(annotation)[0] if get_args(annotation) else annotation  # of a table that is repeated
    return model  # type: ignore[no-any-return]
