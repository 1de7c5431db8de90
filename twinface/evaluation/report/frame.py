"""The frame of the page: its style, its header, and plots that follow the theme."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from twinface.evaluation.report.plots import DARK, Plot, render


def page(title: str, sections: Sequence[str]) -> str:
    """A page that loads nothing, of sections in HTML."""
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: accuracy</title><style>\n{style}</style></head>\n<body><main>\n"
        + "\n".join(sections)
        + "\n</main></body></html>\n"
    )


def header(title: str, about: str) -> str:
    """The title, and what was evaluated."""
    return (
        f'<header><p class="eyebrow">twinface · accuracy</p><h1>{escape(title)}</h1>\n<p>{escape(about)}</p></header>'
    )


def figures(plots: Sequence[Plot], files: Mapping[str, bytes]) -> str:
    """Plots for a light page, from their `files`, and drawn again for a dark one."""
    parts = []
    for plot in plots:
        light, dark = (_data_url(image) for image in (files[f"{plot.name}.png"], render(plot, DARK)))
        parts.append(
            f'<figure class="card"><picture><source srcset="{dark}" media="(prefers-color-scheme: dark)">'
            f'<img src="{light}" alt="{escape(plot.caption)}"></picture>'
            f"<figcaption>{escape(plot.caption)}</figcaption></figure>"
        )
    return f'<div class="plots">{"".join(parts)}</div>'


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
