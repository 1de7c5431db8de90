"""`twinface webhooks list`: each webhook, and what it did not take."""

import dataclasses
import datetime
from typing import TYPE_CHECKING

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.shared_options import JsonOption
from twinface.text import plural

if TYPE_CHECKING:
    from twinface.delivery.overview import TargetState
    from twinface.events.deliveries import Delivery


def list_webhooks(as_json: JsonOption = False) -> None:
    """Show each webhook and notification, how many events wait for it, and which it did not take. The box need not
    run.
    """
    from twinface.delivery.overview import choose_targets, read_overview

    settings = chosen_settings()
    found = read_overview(settings)
    if as_json:
        say_json(
            "webhooks list",
            {
                "targets": [dataclasses.asdict(one) for one in found.targets],
                "not_taken": [_plain(one) for one in found.deliveries],
            },
        )
        return
    if not found.targets:
        choose_targets(settings, "webhook", None)
    for target in found.targets:
        say(f"{target.name}  {target.url}  {_in_words(target)}")
    for one in found.deliveries:
        then = f", again {_time(one.due_ns)}" if one.due_ns and one.state == "waiting" else ""
        what = f"event {one.event.sequence}, {one.event.kind} at {one.event.camera}"
        say(f"  {one.target}  {what}: {plural(one.attempts, 'attempt')}, {one.error}; last {_time(one.tried_ns)}{then}")
    if any(target.dead for target in found.targets):
        note("`twinface webhooks retry` has what was given up tried again")


def _in_words(target: "TargetState") -> str:
    counts = {"wait": target.waiting, "tried again": target.retried, "given up": target.dead}
    counts["erased before they were sent"] = target.passed_over
    said = [f"{count:,} {what}" for what, count in counts.items() if count]
    return ", ".join([*(["wants no more"] if target.is_gone else []), *said]) or "nothing waits"


def _plain(one: "Delivery") -> dict[str, object]:
    return {
        "target": one.target,
        "event": one.event.sequence,
        "kind": str(one.event.kind),
        "camera": one.event.camera,
        "state": str(one.state),
        "attempts": one.attempts,
        "tried_ns": one.tried_ns,
        "due_ns": one.due_ns,
        "error": one.error,
    }


def _time(at_ns: int) -> str:
    return datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M")
