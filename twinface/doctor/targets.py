"""Webhooks and notifications: whether they can be used, and what others did not take. Nothing is sent."""

from collections.abc import Iterator

from twinface.delivery.configured import check_targets
from twinface.delivery.overview import TargetState, read_overview, target_urls
from twinface.doctor.finding import Finding, Mark, Subject
from twinface.text import plural


def check_webhooks(subject: Subject) -> Iterator[Finding]:
    """Each that is configured."""
    if not target_urls(subject.settings):
        return
    for warning in check_targets(subject.settings):
        yield Finding("webhooks", Mark.WARN, warning)
    for target in read_overview(subject.settings).targets:
        problem = _problem(target)
        trial = "notify test" if target.name.startswith("notify:") else "webhooks test"
        says = problem or f"can be used, {target.waiting:,} waiting; nothing was sent, `twinface {trial}` does"
        yield Finding(target.name, Mark.WARN if problem else Mark.OK, says)


def _problem(target: TargetState) -> str:
    """What somebody should know, with its mend; empty where nothing is wrong."""
    mend = "`twinface webhooks list` says why, `retry` has them tried again"
    if target.is_gone:
        return f"it answered that it wants no more; {mend}"
    if target.dead:
        return f"{plural(target.dead, 'event')} given up; {mend}"
    return f"{plural(target.retried, 'event')} tried again; `twinface webhooks list` says why" if target.retried else ""
