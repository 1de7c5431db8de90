"""An evaluation of groups as JSON: plain dictionaries with the same keys every time; rates are shares, 0…1."""

from typing import Any

from twinface.evaluation.differentials.group_figures import (
    FEWEST_IN_GROUP,
    Differential,
    GroupFigures,
    GroupsEvaluation,
    Ratio,
)
from twinface.evaluation.figures.intervals import Share
from twinface.evaluation.report.as_json import subject_to_json


def groups_to_json(done: GroupsEvaluation) -> dict[str, Any]:
    """Everybody's figures at the top, then a list of groupings. docs/accuracy.md has the keys."""
    coverage = done.coverage
    return {
        **subject_to_json(done.subject),
        "people_chosen": done.chosen,
        "left_out": done.left_out,
        "labels": {
            "file": str(coverage.file),
            "rows": coverage.rows,
            "rows_of_nobody": coverage.of_nobody,
            "people_without_row": coverage.people,
            "pictures_without_row": coverage.pictures,
            "columns_passed_over": list(coverage.columns),
        },
        "threshold": done.point.threshold,
        "threshold_source": done.point.source,
        "false_accept_rate_asked": done.point.rate,
        "same_person_above": done.same_person_above,
        "pairs_set_aside": done.set_aside,
        "fewest_people": FEWEST_IN_GROUP,
        "everybody": _figures(done.everybody),
        "groupings": [_grouping(one) for one in done.differentials],
        "seconds": round(done.seconds, 3),
    }


def _grouping(one: Differential) -> dict[str, Any]:
    columns = one.grouping.columns
    names = [group.name for group in one.groups]
    return {
        "columns": list(columns),
        "pictures_without_label": one.unlabelled,
        "pairs_set_aside": one.set_aside,
        "groups": [
            {"name": group.name, "labels": dict(zip(columns, group.labels, strict=True)), **_figures(group)}
            for group in one.groups
        ],
        "between": [
            {"first": names[first], "second": names[second], "false_accepts": _share(share)}
            for (first, second), share in one.between.items()
        ],
        "false_accept_ratio": _ratio(one.false_accept_ratio),
        "false_reject_ratio": _ratio(one.false_reject_ratio),
    }


def _figures(group: GroupFigures) -> dict[str, Any]:
    return {
        "people": group.people,
        "pictures": group.pictures,
        "people_with_two_pictures": group.genuine_people,
        "false_accepts": _share(group.false_accepts),
        "false_rejects": _share(group.false_rejects),
    }


def _share(share: Share | None) -> dict[str, Any] | None:
    """None where too few people carry it."""
    if share is None:
        return None
    ends = [share.interval.low, share.interval.high] if share.interval else None
    return {"rate": share.share, "count": share.hits, "pairs": share.of, "people": share.people, "interval": ends}


def _ratio(ratio: Ratio | None) -> dict[str, Any] | None:
    if ratio is None:
        return None
    ends = None if ratio.at_least else [ratio.low, ratio.high]
    return {
        "worst": ratio.worst,
        "least": ratio.least,
        "ratio": ratio.value,
        "at_least": ratio.at_least,
        "interval": ends,
    }
