"""`twinface doctor`: what is wrong with this machine and this configuration."""

import typer

from twinface.cli.configuration import chosen_config, chosen_run_directory, chosen_settings
from twinface.cli.console import Terminal, escape, say_json, shown_status
from twinface.cli.shared_options import JsonOption

_STYLE = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(as_json: JsonOption = False) -> None:
    """Look at all that may keep a box from working, and say of each whether it is ok, and what mends it where not.

    Python and processor, clock, disks, permissions, models and their checksums, gallery, head, database, the page's
    port, the broker, and each camera, which is opened and has to give a picture. Nothing is downloaded. Exit code 1
    where something fails.
    """
    from twinface.doctor.examine import examine
    from twinface.doctor.finding import Mark, Subject

    settings = chosen_settings()
    found, console = [], Terminal()
    with shown_status("looking at the machine"):
        for one in examine(Subject(chosen_config().path, settings, chosen_run_directory(settings))):
            found.append(one)
            if not as_json:
                style = _STYLE[one.mark]
                console.print(f"[{style}]{one.mark:4}[/]  {escape(one.check):14}  {escape(one.says)}", soft_wrap=True)
    ok = all(one.mark is not Mark.FAIL for one in found)
    if as_json:
        findings = [{"check": one.check, "result": one.mark.value, "says": one.says} for one in found]
        say_json("doctor", {"ok": ok, "config": str(chosen_config().path), "findings": findings})
    if not ok:
        raise typer.Exit(1)
