"""`twinface`: the one command. Each module of this package holds a group of subcommands."""

import os
import sys
from contextvars import copy_context
from typing import Annotated

import typer

from twinface import __version__
from twinface.assets import report_downloads
from twinface.cli import (
    assets,
    averages,
    calibrate,
    config,
    correct,
    distill,
    enrol,
    evaluate,
    events,
    explain,
    faces,
    features,
    finetune,
    forget,
    gallery,
    identify,
    network,
    pipeline,
    retrain,
    status,
    token,
    train,
    undo,
    watch,
)
from twinface.cli.configuration import App, ConfigOption, name_config
from twinface.cli.console import Downloads, give_up_stdout, note, say, show_warnings
from twinface.cli.streams import prepare_streams
from twinface.errors import TwinfaceError, UserError
from twinface.files import PRIVATE_UMASK

_SHOWN_LETTERS = 40

app = App(
    name="twinface",
    help="Put names to faces, live, on a small box.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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


app.command("assets")(assets.fetch_assets)
app.command("selfies")(faces.selfies)
app.command("capture")(faces.capture)
app.command("identify")(identify.identify)
app.command("extract")(features.extract)
app.add_typer(gallery.app, name="gallery")
app.command("forget")(forget.forget)
app.command("up")(pipeline.up)
app.command("status")(status.status)
app.command("watch")(watch.watch)
app.command("events")(events.events)
app.command("explain")(explain.explain)
app.command("reject")(correct.reject)
app.command("confirm")(correct.confirm)
app.command("undo")(undo.undo)
app.command("corrections")(undo.corrections)
app.command("unknowns")(enrol.unknowns)
app.command("enrol")(enrol.enrol)
app.command("averages")(averages.averages)
app.command("down")(pipeline.down)
app.command("config")(config.config)
app.command("token")(token.token)
app.command("retrain")(retrain.retrain)
app.command("rollback")(retrain.rollback)
app.command("network")(network.network)
app.command("stats")(train.stats)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("calibrate")(calibrate.calibrate)
app.command("distill")(distill.distill)
app.command("finetune")(finetune.finetune)


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
