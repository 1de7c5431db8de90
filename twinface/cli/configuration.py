"""How commands are declared: one --config for all of them, and options that are packed into a value."""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from twinface.cli.plain_help import WIDEST_COLUMNS, HeadedGroup

if TYPE_CHECKING:
    from twinface.bus.rundir import RunDirectory
    from twinface.config_file import ConfigFile
    from twinface.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration; `twinface config` says which it is without this."),
]

_named: ContextVar[Path | None] = ContextVar("--config", default=None)


class App(typer.Typer):
    """A group of commands that all take --config, which `chosen_config` looks at.

    A parameter of a command whose type is a dataclass stands for the options that its fields declare.
    """

    def __init__(self, **options: Any) -> None:
        settings = {"help_option_names": ["-h", "--help"], "max_content_width": WIDEST_COLUMNS}
        super().__init__(cls=HeadedGroup, rich_markup_mode=None, context_settings=settings, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Command], Command]:
        """Register a command; see typer.Typer."""
        register = super().command

        def add(function: Command) -> Command:
            register(name, help=_flowing(function.__doc__ or ""), **options)(_with_config(_unpacked(function)))
            return function

        return add


def name_config(config: Path | None) -> None:
    """Choose the configuration of this call of `twinface`; None leaves it to the rule."""
    _named.set(config)


def _flowing(docstring: str) -> str:
    """A docstring whose paragraphs are a line each, so that they fill the terminal, however wide that is."""
    return "\n\n".join(" ".join(one.split("\n")) for one in inspect.cleandoc(docstring).split("\n\n"))


def _unpacked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose packed options are each a parameter of its own, as typer reads and calls it."""
    signature = inspect.signature(function)
    parameters = signature.parameters.items()
    packs: dict[str, Any] = {name: one.annotation for name, one in parameters if is_dataclass(one.annotation)}
    if not packs:
        return function

    @functools.wraps(function)
    def run(**options: Any) -> Any:
        for name, pack in packs.items():
            options[name] = pack(**{one.name: options.pop(one.name) for one in fields(pack)})
        return function(**options)

    declared: list[inspect.Parameter] = []
    for name, parameter in parameters:
        declared += map(_parameter, fields(packs[name])) if name in packs else [parameter]
    run.__signature__ = signature.replace(parameters=declared)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in declared} | {"return": signature.return_annotation}
    return run


def _parameter(option: Field[Any]) -> inspect.Parameter:
    default = inspect.Parameter.empty if option.default is MISSING else option.default
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option.type)


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


def chosen_config() -> "ConfigFile":
    """The configuration of this call: --config, else as `choose_config` finds it. Raises InputError."""
    from twinface.box.running import choose_config

    return choose_config(_named.get())


def chosen_settings(*, gallery: Path | None = None, network: str | None = None) -> "Settings":
    """What the chosen configuration says, but for what options name instead. Raises SettingsError, InputError."""
    from twinface.settings_file import load_settings

    named = {"gallery": gallery, "network": network}
    settings = load_settings(chosen_config().path)
    return settings.model_copy(update={name: value for name, value in named.items() if value is not None})


def chosen_run_directory(settings: "Settings") -> "RunDirectory":
    """The run directory at `chosen_run_path`, made if need be. Raises SettingsError, InputError."""
    from twinface.bus.rundir import RunDirectory

    return RunDirectory(chosen_run_path(settings))


def chosen_run_path(settings: "Settings") -> Path:
    """The run directory for the configuration of this call, as `choose_run_path` finds it. Raises InputError."""
    from twinface.box.running import choose_run_path

    return choose_run_path(chosen_config().path, settings)
