"""Where the command `twinface` begins: Ctrl-C ends it without a word also while the commands are being loaded."""

import signal


def main() -> None:
    """Load the command line and run it."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from twinface.cli import main as command_line

    signal.signal(signal.SIGINT, handler)
    command_line.main()
