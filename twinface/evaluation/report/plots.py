"""Curves and histograms of an evaluation, as PNG, for light and for dark pages."""

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.figures.results import Verification
from twinface.evaluation.figures.verification import Curve, error_curve, sort_by_kind
from twinface.evaluation.report.page_parts import Draw, Plot, Theme
from twinface.evaluation.report.wording import percent, score_text
from twinface.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Side = Literal["left", "right"]
Height = Literal["bottom", "top"]

_BINS = 80
_DET_TICKS = (0.00001, 0.001, 0.01, 0.05, 0.2, 0.5)
_LEAST = 1e-7
_GOOD_EER = 0.003
_FEW = 0.01
"""Axes of errors reach down to here at least, however few pairs there are."""


def verification_plots(verifications: Sequence[Verification], metric: str, threshold: float | None) -> list[Plot]:
    """ROC and DET curves of all, and the histogram of the first one's scores."""
    curves = [(printable(one.title), one.figures.eer, _curve(one)) for one in verifications]
    overall = verifications[0]
    return [
        Plot("roc", "Accepted genuine pairs by accepted impostors.", _roc(curves)),
        Plot("det", "Both errors against each other, on normal deviate scales.", _det(curves, "false accepts")),
        Plot(
            "scores",
            "Scores of genuine and of impostor pairs, each to the same area.",
            lambda axes, theme: _draw_scores(axes, theme, overall, metric, threshold),
        ),
    ]


def identification_plot(genuine_and_impostor: tuple[NDArray[np.floating], NDArray[np.floating]]) -> Plot:
    """Both errors of open-set identification, of sorted scores."""
    curve = error_curve(*genuine_and_impostor)
    return Plot(
        "identification",
        "Known people who do not get their name by strangers who get one.",
        _det([("", None, curve)], "strangers named (FPIR)", "known people missed (FNIR)"),
    )


def _curve(one: Verification) -> Curve:
    return error_curve(*sort_by_kind(one.pairs.scores, one.pairs.same))


def _roc(curves: Sequence[tuple[str, float | None, Curve]]) -> Draw:
    return lambda axes, theme: _draw_roc(axes, theme, curves)


def _draw_roc(axes: "Axes", theme: Theme, curves: Sequence[tuple[str, float | None, Curve]]) -> None:
    left = min(_FEW, *(_least(curve.passed) for _, _, curve in curves))
    lowest = 1.0
    for (_, _, curve), colour in zip(curves, theme.series, strict=False):
        seen = curve.passed >= left
        axes.plot(curve.passed[seen], 1.0 - curve.refused[seen], color=colour, linewidth=1.8, solid_capstyle="round")
        lowest = min(lowest, float((1.0 - curve.refused[seen]).min()))
    axes.set_xscale("log")
    axes.set_xlim(left, 1.0)
    axes.set_ylim(max(0.0, lowest - 0.02), 1.005)
    axes.set_xlabel("false accepts (FAR)")
    axes.set_ylabel("true accepts (TAR)")
    axes.yaxis.set_major_formatter(_percent_axis)
    axes.xaxis.set_major_formatter(_percent_axis)
    _name_curves(axes, theme, curves, "right", "bottom")


def _det(curves: Sequence[tuple[str, float | None, Curve]], across: str, up: str = "false rejects") -> Draw:
    def draw(axes: "Axes", theme: Theme) -> None:
        deviate = NormalDist().inv_cdf
        for (_, _, curve), colour in zip(curves, theme.series, strict=False):
            inside = (curve.passed > _LEAST) & (curve.refused > _LEAST) & (curve.passed < 1) & (curve.refused < 1)
            places = [[deviate(float(share)) for share in side[inside]] for side in (curve.passed, curve.refused)]
            axes.plot(*places, color=colour, linewidth=1.8)
        least = min(_FEW, *(_least(side) for _, _, curve in curves for side in (curve.passed, curve.refused)))
        ticks = [tick for tick in _DET_TICKS if tick >= least]
        marks = [deviate(tick) for tick in ticks]
        ends = deviate(0.7 * least), deviate(0.6)
        for axis, limit in ((axes.xaxis, axes.set_xlim), (axes.yaxis, axes.set_ylim)):
            axis.set_ticks(marks, [f"{100 * tick:g} %" for tick in ticks])
            limit(*ends)
        axes.plot(ends, ends, color=theme.faint, linewidth=0.8, linestyle=(0, (2, 4)))
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        _name_curves(axes, theme, curves, *_empty_corner(curves))

    return draw


def _empty_corner(curves: Sequence[tuple[str, float | None, Curve]]) -> tuple[Side, Height]:
    """Where a DET plot has room: the better the curves, the nearer they are to the lower left."""
    return ("left", "bottom") if min(eer or 0.0 for _, eer, _ in curves) > _GOOD_EER else ("right", "top")


def _draw_scores(axes: "Axes", theme: Theme, one: Verification, metric: str, threshold: float | None) -> None:
    shown = _log_odds if metric == "head" else np.asarray
    scores = shown(one.pairs.scores)
    finite = np.isfinite(scores)
    edges = np.linspace(scores[finite].min(), scores[finite].max(), _BINS + 1)
    for same, name, colour in ((False, "impostors", theme.series[1]), (True, "genuine", theme.series[0])):
        heights, _ = np.histogram(scores[finite & (one.pairs.same == same)], bins=edges, density=True)
        axes.stairs(heights, edges, fill=True, color=colour, alpha=0.28)
        axes.stairs(heights, edges, color=colour, linewidth=1.4)
        peak = int(np.argmax(heights))
        axes.annotate(
            f"{name}, {np.count_nonzero(one.pairs.same == same):,}",
            ((edges[peak] + edges[peak + 1]) / 2, heights[peak]),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            color=colour,
            size=10,
        )
    axes.margins(x=0.02)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.12)
    if threshold is not None:
        mark = float(shown(np.array([threshold]))[0])
        axes.axvline(mark, color=theme.faint, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"threshold {score_text(threshold)}", (mark, 0.98), xycoords=("data", "axes fraction"), xytext=(4, 0),
            textcoords="offset points", va="top", color=theme.faint, size=9,
        )  # fmt: skip
    axes.set_yticks([])
    axes.set_xlabel({"cosine": "cosine", "l1": "minus L1 distance"}.get(metric, "score of the head, log-odds"))


def _name_curves(
    axes: "Axes", theme: Theme, curves: Sequence[tuple[str, float | None, Curve]], side: Side, height: Height
) -> None:
    """The name and EER of each curve in its colour, in the corner that the curves leave empty."""
    for place, ((title, eer, _), colour) in enumerate(zip(curves, theme.series, strict=False)):
        line = len(curves) - 1 - place if height == "bottom" else place
        axes.text(
            0.03 if side == "left" else 0.97,
            0.05 + 0.065 * line if height == "bottom" else 0.95 - 0.065 * line,
            f"{title}   EER {percent(eer)}" if eer is not None else title,
            transform=axes.transAxes,
            ha=side,
            va=height,
            color=colour,
            size=10,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1.5},
        )


def _log_odds(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of scores 0…1, cut off where the sigmoid of heads is, and where float32 knows no more."""
    clipped = np.clip(scores.astype(np.float64), 1e-26, 1 - 6e-8)
    return np.asarray(np.where(np.isfinite(scores), np.log(clipped) - np.log1p(-clipped), scores))


def _least(shares: NDArray[np.float64]) -> float:
    return float(shares[shares > 0].min())


def _percent_axis(value: float, _place: object) -> str:
    return f"{100 * value:.6g} %"
