"""`twinface`: the one command. Each command of it is a module of its own, in the folder of its heading in the help."""

import os
import sys
from collections.abc import Callable
from contextvars import copy_context
from typing import Annotated

import typer

from twinface import __version__
from twinface.cli.configuration import App, ConfigOption, name_config
from twinface.cli.console import Downloads, give_up_stdout, note, say, show_warnings
from twinface.cli.gallery import (
    add,
    averages,
    backup,
    forget,
    import_pickles,
    move,
    rebuild,
    remove,
    rename,
    restore,
    verify,
)
from twinface.cli.gallery import list as list_command
from twinface.cli.gallery import pictures as pictures_command
from twinface.cli.keys import allow, new, revoke, show
from twinface.cli.keys import list as keys_list
from twinface.cli.learning import distill, finetune, heads, network, retrain, rollback, stats, train
from twinface.cli.live import assets, boxes, cameras, doctor, down, echo, record, replay, status, token, top, up, watch
from twinface.cli.live import config as config_command
from twinface.cli.measuring import calibrate, evaluate
from twinface.cli.notify import test as notify_test
from twinface.cli.output_streams import prepare_streams
from twinface.cli.pictures import capture, extract, identify, selfies
from twinface.cli.review import confirm, corrections, enrol, events, explain, reject, search, undo, unknowns
from twinface.cli.webhooks import list as webhooks_list
from twinface.cli.webhooks import retry as webhooks_retry
from twinface.cli.webhooks import test as webhooks_test
from twinface.downloads import report_downloads
from twinface.errors import TwinfaceError, UserError
from twinface.private_files import PRIVATE_UMASK

_SHOWN_LETTERS = 40

app = App(
    name="twinface",
    help="Put names to faces, live, on a small box.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(value: bool) -> None:
    if value:
        say(f"twinface {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001  answered by its callback
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Put names to faces, live, on a small box."""
    name_config(config)


_COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Pictures": (identify.identify, selfies.selfies, capture.capture, extract.extract),
    "Gallery": (averages.averages, forget.forget),
    "The running box": (
        up.up,
        down.down,
        status.status,
        watch.watch,
        top.top,
        echo.echo,
        record.record,
        replay.replay,
        doctor.doctor,
        cameras.cameras,
        boxes.boxes,
        config_command.config,
        token.token,
        assets.fetch_assets,
    ),
    "Review": (
        events.events,
        search.search,
        explain.explain,
        reject.reject,
        confirm.confirm,
        unknowns.unknowns,
        enrol.enrol,
        corrections.corrections,
        undo.undo,
    ),
    "Learning": (
        network.network,
        stats.stats,
        train.train,
        heads.heads,
        retrain.retrain,
        rollback.rollback,
        distill.distill,
        finetune.finetune,
    ),
    "Measuring": (evaluate.evaluate, calibrate.calibrate),
}
"""The commands below each heading of the help; each is called as its file is."""

_GALLERY_COMMANDS: tuple[Callable[..., None], ...] = (
    add.add,
    list_command.list_people,
    pictures_command.pictures,
    remove.remove,
    rename.rename,
    import_pickles.import_pickles,
    verify.verify,
    rebuild.rebuild,
    backup.backup,
    restore.restore,
    move.move,
)

_WEBHOOK_COMMANDS: tuple[Callable[..., None], ...] = (
    webhooks_list.list_webhooks,
    webhooks_retry.retry,
    webhooks_test.try_out,
)

_KEY_COMMANDS: tuple[Callable[..., None], ...] = (
    new.new,
    show.show,
    allow.allow,
    revoke.revoke,
    keys_list.list_keys,
)

_NOTIFY_COMMANDS: tuple[Callable[..., None], ...] = (notify_test.try_out,)

_gallery = App(help="Who is known: add people, list, rename and remove them, look after them.", no_args_is_help=True)
app.add_typer(_gallery, name="gallery", rich_help_panel="Gallery")

_webhooks = App(help="What is posted to others: see what they did not take, try it again.", no_args_is_help=True)
app.add_typer(_webhooks, name="webhooks", rich_help_panel="Webhooks")

_keys = App(help="Which other boxes reach this one: its key, and theirs.", no_args_is_help=True)
app.add_typer(_keys, name="keys", rich_help_panel="Other boxes")

_notify = App(help="Who is notified of what happened: try it out.", no_args_is_help=True)
app.add_typer(_notify, name="notify", rich_help_panel="Notifications")


def _name(function: Callable[..., None]) -> str:
    return function.__module__.rpartition(".")[2].replace("_", "-")


for _heading, _functions in _COMMANDS.items():
    for _function in _functions:
        app.command(_name(_function), rich_help_panel=_heading)(_function)
for _group, _functions in (
    (_gallery, _GALLERY_COMMANDS),
    (_webhooks, _WEBHOOK_COMMANDS),
    (_keys, _KEY_COMMANDS),
    (_notify, _NOTIFY_COMMANDS),
):
    for _function in _functions:
        _group.command(_name(_function))(_function)


def main() -> None:
    """Run the command line; a mistake of the user is one line on stderr, never a traceback."""
    os.umask(PRIVATE_UMASK)
    prepare_streams()
    report_downloads(Downloads())
    show_warnings()
    try:
        copy_context().run(app)  # what --config names is of this call only
    except TwinfaceError as error:
        note(f"twinface: {error}")
        sys.exit(error.exit_code)
    except OSError as error:
        # Of a file that could not be read or written where nobody expected it, or of stdout on a full disk.
        try:
            sys.stdout.flush()
        except OSError:
            give_up_stdout()
        what = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        note(f"twinface: {what}{error.strerror or error}")
        sys.exit(TwinfaceError.exit_code)
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - _SHOWN_LETTERS) : error.start + _SHOWN_LETTERS]
        note(f"twinface: {near!a} is not UTF-8; rename it, or write it in UTF-8")
        sys.exit(UserError.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
