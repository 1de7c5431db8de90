"""Bars of each group's rates with their intervals, and a matrix of the rates between groups."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from twinface.evaluation.differentials.group_figures import Differential, GroupsEvaluation
from twinface.evaluation.differentials.group_wording import NO_RATE, TOO_FEW
from twinface.evaluation.figures.intervals import Share
from twinface.evaluation.report.page_parts import Draw, Plot, Theme
from twinface.evaluation.report.wording import small_percent
from twinface.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_INCH = 0.33
_FRAME_INCH = 0.9
_MATRIX_INCH = 4.6
_NAMES_INCH = 1.6
_CELL_INCH = 0.6
_NAME_LETTERS = 26
_MOST_NUMBERS = 9
"""More columns of a matrix have no room for numbers."""

_WIDEST = 2.5
"""Times the highest rate: intervals that reach further, of groups of few people, run out of the picture."""


def group_plots(done: GroupsEvaluation) -> list[Plot]:
    """For each grouping the false accepts inside groups, those between, and the false rejects, as far as there are."""
    return [plot for number, one in enumerate(done.differentials, start=1) for plot in plots_of(done, one, number)]


def plots_of(done: GroupsEvaluation, one: Differential, number: int) -> list[Plot]:
    """Those of one grouping, whose files are numbered."""
    names = [_shortened(group.name) for group in one.groups]
    inside, rejects = ([getattr(group, kind) for group in one.groups] for kind in ("false_accepts", "false_rejects"))
    square = min(_MATRIX_INCH, _NAMES_INCH + _CELL_INCH * len(names))
    height = max(square, _FRAME_INCH + _ROW_INCH * len(names))
    plots = []
    if any(inside):
        bars = _bars(names, inside, done.everybody.false_accepts, "false accepts inside the group (FAR), %")
        plots.append(Plot(f"far_inside_{number}", "False-accept rate inside each group; 95 % intervals.", bars, height))
        caption = (
            "False-accept rate between groups, %; the colours are by its logarithm. Empty: none, or too few people."
        )
        plots.append(Plot(f"far_between_{number}", caption, _matrix(names, _cells(one)), height))
    if any(rejects):
        bars = _bars(names, rejects, done.everybody.false_rejects, "false rejects (FRR), %")
        plots.append(Plot(f"frr_{number}", "False-reject rate of each group; 95 % intervals.", bars, height))
    return plots


def _bars(names: Sequence[str], shares: Sequence[Share | None], everybody: Share | None, title: str) -> Draw:
    def draw(axes: "Axes", theme: Theme) -> None:
        rates = [100 * share.share if share else 0.0 for share in shares]
        places = np.arange(len(names))
        axes.barh(places, rates, height=0.62, color=theme.series[0], alpha=0.75)
        for place, share in zip(places, shares, strict=True):
            if share is None:
                axes.annotate(
                    TOO_FEW, (0, place), (4, 0), textcoords="offset points", va="center", color=theme.faint, size=9
                )
            elif share.interval is not None:
                ends = 100 * share.interval.low, 100 * share.interval.high
                axes.plot(ends, (place, place), color=theme.ink, linewidth=1.3, marker="|", markersize=5)
        if everybody is not None:
            axes.axvline(100 * everybody.share, color=theme.series[1], linewidth=1.2, linestyle=(0, (4, 3)))
            axes.annotate(
                "everybody", (100 * everybody.share, 1), (3, 2), xycoords=("data", "axes fraction"),
                textcoords="offset points", color=theme.series[1], size=9,
            )  # fmt: skip
        axes.set_yticks(places, names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        _limit(axes, [*shares, everybody])
        axes.set_xlabel(title)
        axes.grid(visible=False, axis="y")

    return draw


def _limit(axes: "Axes", shares: Sequence[Share | None]) -> None:
    measured = [share for share in shares if share]
    widest = max(100 * share.share for share in measured)
    highest = max(100 * share.interval.high for share in measured if share.interval)
    if widest:
        highest = min(highest, _WIDEST * widest)
    axes.set_xlim(0, 1.04 * (highest or 1.0))
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")


def _cells(one: Differential) -> list[list[Share | None]]:
    """Rows and columns of groups; the same above and below the diagonal."""
    places = range(len(one.groups))
    return [
        [
            one.groups[row].false_accepts if row == column else one.between[min(row, column), max(row, column)]
            for column in places
        ]
        for row in places
    ]


def _matrix(names: Sequence[str], cells: Sequence[Sequence[Share | None]]) -> Draw:
    def draw(axes: "Axes", theme: Theme) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        rates = np.array([[cell.share if cell else np.nan for cell in row] for row in cells])
        with np.errstate(divide="ignore"):
            heights = np.log10(np.where(rates > 0, rates, np.nan))
        shown = heights[np.isfinite(heights)]
        low, high = (shown.min() - 0.3, shown.max()) if shown.size else (0.0, 1.0)
        colours = LinearSegmentedColormap.from_list("rates", [theme.paper, theme.series[0]])
        axes.imshow(heights, cmap=colours, vmin=low, vmax=high, aspect="auto")
        size = min(9.5, 260 / len(names))
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(labelsize=size, length=0)
        axes.grid(visible=False)
        if len(names) <= _MOST_NUMBERS:
            for (row, column), rate in np.ndenumerate(rates):
                text = NO_RATE if np.isnan(rate) else small_percent(rate, 2)
                dark = heights[row, column] > low + 0.65 * (high - low)
                axes.text(column, row, text, ha="center", va="center", size=8, color=theme.paper if dark else theme.ink)

    return draw


def _shortened(name: str) -> str:
    """Printable, not too long, and no formula for matplotlib."""
    name = printable(name)
    name = name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}…"
    return name.replace("$", r"\$")
