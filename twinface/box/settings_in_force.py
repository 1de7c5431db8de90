"""Every setting that is in force, and where it comes from."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from twinface.box.running import choose_run_path
from twinface.config_file import line_of, read_config
from twinface.settings import Settings
from twinface.text import mask_setting


@dataclass(frozen=True, slots=True)
class InForce:
    """A setting: its dotted name, its value as TOML would hold it, and its line in the file, None for a default."""

    name: str
    value: object
    line: int | None


def settings_in_force(config: Path, settings: Settings) -> Iterator[InForce]:
    """Every setting of a configuration file, what is empty as what it stands for, passwords masked.

    Raises SettingsError, InputError where the file cannot be read, or it cannot be told which box is meant.
    """
    text = read_config(config)
    written = tomllib.loads(text)
    stands_for = {
        ("run_directory",): choose_run_path(config, settings),
        ("events", "path"): settings.events_path,
        ("averages", "path"): settings.averages_path,
    }
    for location, value in _leaves(settings, ()):
        shown = stands_for.get(location, value)
        plain = mask_setting(location[-1], "" if shown is None else str(shown) if isinstance(shown, Path) else shown)
        line = line_of(text, location) if _is_written(written, location) else None
        yield InForce(".".join(map(str, location)), plain, line)


def _leaves(model: BaseModel, above: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], object]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, (*above, name))
        elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
            for number, one in enumerate(value):
                yield from _leaves(one, (*above, name, number))
        else:
            yield (*above, name), value


def _is_written(values: Any, location: Sequence[str | int]) -> bool:
    for part in location:
        if isinstance(values, Mapping) and part not in values:
            return False
        values = values[part]
    return True
