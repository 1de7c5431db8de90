"""Figures of groups in words, the same in the terminal and in the report."""

from twinface.evaluation.differentials.group_figures import FEWEST_IN_GROUP, Differential, GroupsEvaluation, Ratio
from twinface.evaluation.report.wording import score_text, small_percent
from twinface.text import plural

TOO_FEW = "too few"
NO_RATE = "\N{EN DASH}"
"""In a matrix, where there are too few."""

_MANY = 100.0


def describe_people(done: GroupsEvaluation) -> str:
    """Who was compared, and at which threshold."""
    everybody = done.everybody
    return (
        f"{plural(everybody.people, 'person')}, {plural(everybody.pictures, 'picture')} ({done.chosen});"
        f" threshold {score_text(done.point.threshold)} ({done.point.source})"
    )


def describe_left_out(done: GroupsEvaluation) -> list[str]:
    """What was left out, a sentence each."""
    coverage, said = done.coverage, []
    if done.left_out:
        said.append(f"{plural(done.left_out, 'person')} left out: the head was trained on them")
    if coverage.people:
        said.append(f"{plural(coverage.people, 'person')} left out: no row in {coverage.file.name}")
    elif coverage.pictures:
        said.append(f"{plural(coverage.pictures, 'picture')} left out: no row in {coverage.file.name}")
    if coverage.of_nobody:
        said.append(f"{plural(coverage.of_nobody, 'row')} of {coverage.file.name}: about nobody here")
    if coverage.columns:
        said.append(f"passed over, as they make too many groups: {'; '.join(coverage.columns)}")
    if done.same_person_above is not None:
        said.append(
            f"{plural(done.set_aside, 'impostor pair')} left out: cosine above {done.same_person_above:g}, perhaps one"
            " person"
        )
    return said


def describe_false_accepts(one: Differential) -> str:
    """The worst group inside, and its ratio to the best."""
    rates = {group.name: group.false_accepts.share for group in one.groups if group.false_accepts}
    ratio = one.false_accept_ratio
    if ratio is not None:
        than = f"that of {ratio.least}"
        beside = ", where no pair was accepted" if ratio.at_least else f", {small_percent(rates[ratio.least])} %"
        worst = f"{ratio.worst}, {small_percent(rates[ratio.worst])} %"
        return f"most false accepts inside: {worst}; {_times(ratio)} {than}{beside}"
    if len(rates) < 2:
        return f"no ratio: fewer than two groups of {FEWEST_IN_GROUP} people"
    return "no ratio: no pair was accepted inside any group"


def describe_false_rejects(one: Differential) -> str:
    """The group with most false rejects, against everybody; "" where nobody has two pictures."""
    rates = {group.name: group.false_rejects.share for group in one.groups if group.false_rejects}
    ratio = one.false_reject_ratio
    if ratio is None:
        return "no pair of one person was refused in any group" if len(rates) > 1 else ""
    return f"most false rejects: {ratio.worst}, {small_percent(rates[ratio.worst])} %; {_times(ratio)} everybody's"


def _times(ratio: Ratio) -> str:
    if ratio.at_least:
        return f"at least {_number(ratio.value)} times"
    if ratio.high is not None and ratio.low is not None:
        ends = f"{_number(ratio.low)}\N{EN DASH}{_number(ratio.high)}"
    else:
        ends = "no upper end" if ratio.low is None else f"{_number(ratio.low)} or more"
    return f"{_number(ratio.value)} times ({ends})"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < _MANY else f"{value:,.0f}"
