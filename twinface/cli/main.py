"""`twinface`: the one command. Each module of this package holds a group of subcommands."""

import os
import sys
from contextvars import copy_context
from typing import Annotated

import typer

from twinface import __version__
from twinface.assets import report_downloads
from twinface.cli import assets
from twinface.cli.configuration import App, ConfigOption, name_config
from twinface.cli.console import Downloads, give_up_stdout, note, say, show_warnings
from twinface.cli.gallery import averages
from twinface.cli.gallery import commands as gallery
from twinface.cli.learning import distill, finetune, network, retrain, train
from twinface.cli.live import config, status, token, up, watch
from twinface.cli.measuring import calibrate, evaluate
from twinface.cli.pictures import extract, identify, selfies
from twinface.cli.review import correct, enrol, events, explain, forget, undo
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


_PICTURES, _GALLERY, _LIVE = "Pictures", "Gallery", "The running box"
_REVIEW, _LEARNING, _MEASURING = "Review", "Learning", "Measuring"

app.command("identify", rich_help_panel=_PICTURES)(identify.identify)
app.command("selfies", rich_help_panel=_PICTURES)(selfies.selfies)
app.command("capture", rich_help_panel=_PICTURES)(selfies.capture)
app.command("extract", rich_help_panel=_PICTURES)(extract.extract)
app.add_typer(gallery.app, name="gallery", rich_help_panel=_GALLERY)
app.command("averages", rich_help_panel=_GALLERY)(averages.averages)
app.command("forget", rich_help_panel=_GALLERY)(forget.forget)
app.command("up", rich_help_panel=_LIVE)(up.up)
app.command("down", rich_help_panel=_LIVE)(up.down)
app.command("status", rich_help_panel=_LIVE)(status.status)
app.command("watch", rich_help_panel=_LIVE)(watch.watch)
app.command("config", rich_help_panel=_LIVE)(config.config)
app.command("token", rich_help_panel=_LIVE)(token.token)
app.command("assets", rich_help_panel=_LIVE)(assets.fetch_assets)
app.command("events", rich_help_panel=_REVIEW)(events.events)
app.command("explain", rich_help_panel=_REVIEW)(explain.explain)
app.command("reject", rich_help_panel=_REVIEW)(correct.reject)
app.command("confirm", rich_help_panel=_REVIEW)(correct.confirm)
app.command("unknowns", rich_help_panel=_REVIEW)(enrol.unknowns)
app.command("enrol", rich_help_panel=_REVIEW)(enrol.enrol)
app.command("corrections", rich_help_panel=_REVIEW)(undo.corrections)
app.command("undo", rich_help_panel=_REVIEW)(undo.undo)
app.command("network", rich_help_panel=_LEARNING)(network.network)
app.command("stats", rich_help_panel=_LEARNING)(train.stats)
app.command("train", rich_help_panel=_LEARNING)(train.train)
app.command("retrain", rich_help_panel=_LEARNING)(retrain.retrain)
app.command("rollback", rich_help_panel=_LEARNING)(retrain.rollback)
app.command("distill", rich_help_panel=_LEARNING)(distill.distill)
app.command("finetune", rich_help_panel=_LEARNING)(finetune.finetune)
app.command("evaluate", rich_help_panel=_MEASURING)(evaluate.evaluate)
app.command("calibrate", rich_help_panel=_MEASURING)(calibrate.calibrate)


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
