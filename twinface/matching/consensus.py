"""From the looks at one face to a name that stays: several have to agree, and a name once given is not lost lightly."""

from collections.abc import Sequence
from dataclasses import replace

from twinface.matching.decision import is_reached
from twinface.settings import MatchingSettings
from twinface.types import Decision, State


def agree(before: Decision, fused: Decision, looks: Sequence[Decision], settings: MatchingSettings) -> Decision:
    """Who a face is said to be now, after what was said `before`.

    `fused` is decided by all its looks together, `looks` each by itself. A look agrees with a name that it puts first,
    with what the rule asks for: what is no face, as the back of a head, is near somebody now and then, not twice.

    * A name is given when all looks together give it and `agreeing_looks` agree; to somebody who bears another name
      when one more does.
    * A name that was given stays as long as all looks together still put it first and do not say unknown.
    * Unknown is earned by one look more than a name needs; before that the face is pending.
    """
    first = fused.candidates[0].name if fused.candidates else None
    agreeing = sum(_agrees(look, first, settings) for look in looks)
    needed = settings.agreeing_looks
    if fused.state is State.KNOWN and agreeing >= needed + (before.name not in {None, first}):
        return fused
    if before.name is not None and before.name == first and fused.state is not State.UNKNOWN:
        return replace(fused, state=State.KNOWN, name=first, reason="")
    if fused.state is State.KNOWN:
        reason = f"{agreeing} of {len(looks)} looks agree on {first}, {needed} are needed"
        state = State.PENDING if len(looks) < needed else State.UNCERTAIN
        return replace(fused, state=state, name=None, reason=reason)
    if len(looks) <= needed and fused.candidates:
        return replace(fused, state=State.PENDING, reason=f"{len(looks)} looks so far; {fused.reason}")
    return fused


def _agrees(look: Decision, name: str | None, settings: MatchingSettings) -> bool:
    best = look.candidates[0] if look.candidates else None
    return best is not None and best.name == name and is_reached(best.score, settings)
