"""The parts of the page: tables that fold up on a phone, key figures, faces, notes."""

from collections.abc import Sequence
from html import escape

from twinface.evaluation.figures.identification import DRAWS, GALLERY_PICTURES
from twinface.evaluation.figures.intervals import FEWEST_PEOPLE, ROUNDS
from twinface.evaluation.figures.results import FeaturesEvaluation, Identification, PairsEvaluation, Verification
from twinface.evaluation.report.picture_names import picture_name, picture_path
from twinface.evaluation.report.thumbnails import SIDE_PX, Thumbnails
from twinface.evaluation.report.wording import percent, percent_range, plural, score_text, share_range

Note = tuple[str, str]
"""A word, and what it means."""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells of HTML; on a phone each row is a block, whose cells have the headings above them."""
    heads = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    lines = []
    for row in rows:
        cells = zip(headings, row, strict=True)
        lines.append("".join(f'<td data-label="{escape(heading)}">{cell}</td>' for heading, cell in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def key_figures(done: PairsEvaluation | FeaturesEvaluation) -> str:
    """The few figures to remember."""
    keys: list[tuple[str, str, str]] = []
    if isinstance(done, PairsEvaluation):
        accuracies = done.folded.accuracies
        shown = done.verification
        within = percent_range(done.accuracy_interval, shown.carriers)
        keys.append(("Accuracy", percent(accuracies.mean()), f"± {percent(accuracies.std())} over folds; {within}"))
    else:
        shown = done.verifications[0]
    of_all = f", {shown.title}" if isinstance(done, FeaturesEvaluation) else ""
    figures = shown.figures
    within = percent_range(shown.intervals["eer"], shown.carriers)
    keys.append((f"Equal error rate{of_all}", percent(figures.eer), within))
    for rate in list(figures.accepted_at)[1:2]:
        within = percent_range(shown.intervals[f"tar_at_far_{rate}"], shown.carriers)
        keys.append((f"TAR at FAR {_rate(rate)}{of_all}", percent(figures.accepted_at[rate]), within))
    keys.append((f"AUC{of_all}", f"{figures.auc:.4f}", share_range(shown.intervals["auc"], shown.carriers)))
    if isinstance(done, FeaturesEvaluation) and done.identification:
        found = done.identification
        keys.append(("Rank 1", percent(found.rank1), percent_range(found.rank1_interval, found.carriers)))
    cells = "".join(f"<div><dt>{escape(a)}</dt><dd>{b}<small>{c}</small></dd></div>" for a, b, c in keys)
    return f'<dl class="keys">{cells}</dl>'


def figures_table(verifications: Sequence[Verification]) -> str:
    """A row for each set of pairs."""
    rates = list(verifications[0].figures.accepted_at)
    names = [
        "people",
        "genuine pairs",
        "impostor pairs",
        "EER",
        "AUC",
        *(f"TAR at FAR {_rate(rate)}" for rate in rates),
    ]
    rows = [[escape(one.title), *_counts(one), *_figures(one, rates)] for one in verifications]
    return f'<div class="card">{table(["pairs", *names], rows)}</div>'


def identification_section(done: FeaturesEvaluation, found: Identification) -> str:
    """Figures, confusions and everybody's outcome."""
    figures = found.figures
    rank1_range = percent_range(found.rank1_interval, found.carriers)
    rows = [["Right person first", percent(found.rank1), _small(rank1_range), ""]]
    for rate, accepted in figures.accepted_at.items():
        interval = found.intervals[f"tar_at_far_{rate}"]
        missed = percent_range(interval and interval.of_the_rest, found.carriers)
        name = f"Known people missed (FNIR) at FPIR {_rate(rate)}"
        rows.append([name, percent(1 - accepted), _small(missed), score_text(figures.thresholds[rate])])
    columns = ["figure", "value", "95 % interval", "threshold"]
    return "".join(
        [
            "<h2>Identification</h2>",
            f'<p class="lead">{plural(figures.genuine_pairs, "search", "searches")} for people in the gallery,'
            f" {figures.impostor_pairs:,} for strangers, by the rule {escape(found.rule)}.</p>",
            f'<div class="card">{table(columns, rows)}</div>',
            _confusions(done, found),
            _outcomes(done, found),
        ]
    )


def face_pair(
    done: PairsEvaluation | FeaturesEvaluation, first: int, second: int, score: str, thumbnails: Thumbnails
) -> str:
    """Two pictures with their names; without the pictures the names alone."""
    faces = ""
    paths = [picture_path(done, number) for number in (first, second)]
    if all(paths):
        urls = [thumbnails.data_url(path) for path in paths if path]
        images = [
            f'<img src="{url}" alt="" width="{SIDE_PX}" height="{SIDE_PX}">' if url else "<span></span>" for url in urls
        ]
        faces = f'<div class="faces">{"".join(images)}</div>'
    names = "<br>".join(escape(picture_name(done, number)).replace("/", "/<wbr>") for number in (first, second))
    return f'<div class="card">{faces}<p><b>{score}</b><br>{names}</p></div>'


def notes(pairs: Sequence[Note]) -> str:
    """A list of words and what they mean."""
    return '<dl class="notes">' + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in pairs) + "</dl>"


def verification_notes(done: PairsEvaluation | FeaturesEvaluation) -> list[Note]:
    """What the figures of pairs mean."""
    if isinstance(done, PairsEvaluation):
        people = (
            "Folds",
            "The threshold is chosen on all folds but one, the accuracy is that of the one (Huang et al., Labeled Faces"
            " in the Wild, 2007). ± is the standard deviation of the folds.",
        )
    elif done.chosen == "validation":
        people = ("People", "Every fifth in byte order of their names, whom nothing learns from.")
    else:
        people = ("People", f"Chosen with --people {done.chosen}; those that the head was trained on are left out.")
    return [
        people,
        ("EER", "Equal error rate: where as many genuine pairs are refused as impostors are accepted."),
        (
            "TAR at FAR",
            "Genuine pairs accepted where that share of impostors is; reported only with ten impostors above.",
        ),
        ("AUC", "The chance that a genuine pair scores higher than an impostor's."),
        (
            "Intervals",
            f"95 %: {ROUNDS:,} rounds in which people, not pairs, are drawn again with replacement (Bolle et al., the"
            " subsets bootstrap, 2004; Owen, the pigeonhole bootstrap, 2007). Fewer than"
            f" {FEWEST_PEOPLE} people carry none.",
        ),
    ]


def identification_notes(found: Identification) -> list[Note]:
    """What the figures of searches mean."""
    rate = f"that of FPIR {_rate(found.rate)}" if found.rate else "where most searches are decided rightly"
    return [
        (
            "Identification",
            f"{DRAWS} galleries are drawn, each of half of the people with {GALLERY_PICTURES} pictures each; every"
            " other picture is searched for. FPIR is the share of strangers who get a name, FNIR that of known people"
            " who do not get their own (ISO/IEC 19795-1). Misses and confusions are reported at the threshold"
            f" {score_text(found.threshold)}, {rate}.",
        )
    ]


def _counts(one: Verification) -> list[str]:
    return [f"{count:,}" for count in (one.people, one.figures.genuine_pairs, one.figures.impostor_pairs)]


def _figures(one: Verification, rates: Sequence[str]) -> list[str]:
    figures, intervals = one.figures, one.intervals
    cells = [
        percent(figures.eer) + _small(percent_range(intervals["eer"], one.carriers)),
        f"{figures.auc:.4f}" + _small(share_range(intervals["auc"], one.carriers)),
    ]
    for rate in rates:
        if rate in figures.accepted_at:
            interval = percent_range(intervals[f"tar_at_far_{rate}"], one.carriers)
            cells.append(percent(figures.accepted_at[rate]) + _small(interval))
        else:
            cells.append(_small("too few"))
    return cells


def _confusions(done: FeaturesEvaluation, found: Identification) -> str:
    if not found.confusions:
        return ""
    rows = [
        [
            escape(picture_name(done, one.probe)),
            escape(done.people[one.taken_for]),
            f"{one.times} of {one.searches}",
            score_text(one.score),
        ]
        for one in found.confusions
    ]
    columns = ["picture", "taken for", "searches", "highest score"]
    return f'<h3>Taken for somebody else</h3><div class="card names">{table(columns, rows)}</div>'


def _outcomes(done: FeaturesEvaluation, found: Identification) -> str:
    rows = [
        [
            escape(done.people[one.person]),
            f"{one.missed} of {one.known}",
            f"{one.misranked}",
            f"{one.false_positives} of {one.strange}",
        ]
        for one in found.outcomes
    ]
    columns = ["person", "missed", "another ranked first", "named as a stranger"]
    return f'<details class="card"><summary>Each person, the worst first</summary>{table(columns, rows)}</details>'


def _small(text: str) -> str:
    return f"<small>{text}</small>"


def _rate(rate: str) -> str:
    return f"{100 * float(rate):g} %"
