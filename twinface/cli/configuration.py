"""Which configuration a command works with: one rule for all of them, and one --config."""

import functools
import inspect
import os
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from twinface.box.running import running_boxes
from twinface.bus.rundir import RUN_VARIABLE, RunDirectory, find_run_directory
from twinface.config_file import ConfigFile, find_installed_config, find_nearby_config
from twinface.errors import InputError
from twinface.settings import Settings, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration; `twinface config` says which it is without this."),
]

_named: ContextVar[Path | None] = ContextVar("--config", default=None)


class App(typer.Typer):
    """A group of commands that all take --config, which `chosen_config` looks at."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Command], Command]:
        """Register a command; see typer.Typer."""
        register = super().command(name, **options)

        def add(function: Command) -> Command:
            register(_with_config(function))
            return function

        return add


def name_config(config: Path | None) -> None:
    """Choose the configuration of this call of `twinface`; None leaves it to the rule."""
    _named.set(config)


def _with_config(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*arguments: Any, config: Path | None = None, **options: Any) -> Any:
        if config is not None:
            name_config(config)
        return function(*arguments, **options)

    signature = inspect.signature(function)
    option = inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ConfigOption)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    run.__annotations__ = {**function.__annotations__, "config": ConfigOption}
    return run


def chosen_config() -> ConfigFile:
    """The configuration of this call.

    --config, else $TWINFACE_CONFIG, else ./pipeline.toml, else ./config/pipeline.toml, else that of the box that runs,
    else ~/.config/twinface/pipeline.toml, else /etc/twinface/pipeline.toml, else the one that came with the package.

    Raises InputError where the choice is between several boxes that run.
    """
    named = _named.get()
    if named is not None:
        return ConfigFile(named.absolute(), "--config")
    if nearby := find_nearby_config():
        return nearby
    boxes = running_boxes()
    configs = {box.config for box in boxes}
    if len(configs) > 1:
        raise InputError(f"{len(configs)} boxes run: say which with --config, {' or '.join(sorted(configs))}")
    if configs:
        return ConfigFile(Path(*configs), f"the box that runs, pid {boxes[0].pid}")
    return find_installed_config()


def chosen_settings() -> Settings:
    """What the chosen configuration says. Raises SettingsError, InputError."""
    return load_settings(chosen_config().path)


def chosen_run_directory(settings: Settings) -> RunDirectory:
    """The run directory at `chosen_run_path`, made if need be. Raises SettingsError, InputError."""
    return RunDirectory(chosen_run_path(settings))


def chosen_run_path(settings: Settings) -> Path:
    """The run directory of the box that runs by the chosen configuration, else the one that the next would have.

    They differ where it is not configured and `twinface up` was called in another environment: as a service, by cron.

    Raises InputError where the choice is between several boxes that run.
    """
    if settings.run_directory is None and RUN_VARIABLE not in os.environ:
        config = chosen_config().path
        boxes = [box for box in running_boxes() if Path(box.config).resolve() == config.resolve()]
        if len(boxes) > 1:
            runs = " or ".join(box.run_directory for box in boxes)
            raise InputError(f"{len(boxes)} boxes run by {config}: say which with {RUN_VARIABLE}={runs}")
        if boxes:
            return Path(boxes[0].run_directory)
    return find_run_directory(settings.run_directory)
