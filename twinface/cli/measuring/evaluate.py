"""`twinface evaluate`: how good a network, a metric or a head is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json_text
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.evaluation.differentials.on_groups import GroupsEvaluation
    from twinface.evaluation.figures.results import FeaturesEvaluation, PairsEvaluation

    Evaluation = PairsEvaluation | FeaturesEvaluation | GroupsEvaluation


def evaluate(
    *,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="List of pairs: LFW's format, or lines of two paths and 0 or 1.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of the pictures; with --features only to show the worst errors."),
    ] = None,
    features: Annotated[
        Path | None, typer.Option("--features", help="Folder of vectors instead: all pairs, and identification.")
    ] = None,
    network: Annotated[
        str | None, typer.Option("--network", help="Network: a name or a folder; default: as configured.")
    ] = None,
    head: Annotated[Path | None, typer.Option("--head", help="Folder of a trained head.")] = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="cosine, l1, or head for the bundled one of the network; default: cosine."),
    ] = None,
    people: Annotated[
        str, typer.Option("--people", help="Of --features: validation (every fifth), all, or a file of names.")
    ] = "validation",
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups",
            help="Of --features: NAME=PATTERN,… of file names, or none; default: the words that names begin with."
            " Or LABELS.tsv, labels of people or pictures: how errors differ between groups.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Of LABELS.tsv: a column, or two as COLUMN,COLUMN; again for more; default: all."),
    ] = None,
    far: Annotated[
        float | None,
        typer.Option("--far", help="With LABELS.tsv: the threshold of this false-accept rate; default: that in force."),
    ] = None,
    same_person_above: Annotated[
        float | None,
        typer.Option(
            "--same-person-above", help="With LABELS.tsv: leave out pairs of two people who are more alike (cosine)."
        ),
    ] = None,
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops: no detection.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same intervals.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file; - prints them instead of the table.")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", help="Write plots and report.html to this folder (needs the train extra).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what --json and --plots name.")] = False,
) -> None:
    """Measure accuracy, with 95 % intervals, on people that nothing was tuned on."""
    from twinface.evaluation.report.plots import require_matplotlib

    _check_sources(pairs, images, features, metric, head)
    labels = _labels_file(groups)
    of_labels = {"by": by or None, "rate": far, "same_person_above": same_person_above}
    _check_labels(labels, features, images, of_labels)
    if plots is not None:
        require_matplotlib()
    _refuse_inputs((json_file, plots), (pairs, images, features, head, people, network, labels))
    if not force:
        _require_new(json_file, plots)
    options: dict[str, Any] = {"metric": metric or "cosine", "head": head, "seed": seed, "show": progress_bar}
    done: Evaluation
    if pairs is not None and images is not None:
        done = _on_pairs(pairs, images, network, aligned=aligned, **options)
    elif features is not None and labels is not None:
        done = _on_groups(features, labels, network, people, of_labels, **options)
    elif features is not None:
        done = _on_features(features, network, people, _read_groups(groups), images, **options)
    if plots is not None:
        _write_report(plots, done, force=force)
    _print(done, json_file, plots)


def _check_sources(
    pairs: Path | None, images: Path | None, features: Path | None, metric: str | None, head: Path | None
) -> None:
    from twinface.evaluation.protocols.similarity import HEAD, METRICS

    if (pairs is None) == (features is None):
        raise InputError("give either --pairs FILE with --images DIR, or --features DIR")
    if pairs is not None and images is None:
        raise InputError("--pairs needs --images, the folder that its pictures are in")
    if metric is not None and (metric not in {*METRICS, HEAD} or head is not None):
        raise InputError(f"--metric {metric}: expected {', '.join(METRICS)} or {HEAD}, and no --head beside it")


def _labels_file(groups: str | None) -> Path | None:
    """The file of labels that --groups names; None where it has patterns."""
    if groups is None or groups == "none":
        return None
    return Path(groups) if groups.endswith(".tsv") or Path(groups).exists() else None


def _check_labels(labels: Path | None, features: Path | None, images: Path | None, options: dict[str, Any]) -> None:
    if labels is None:
        if given := [name for name, value in options.items() if value is not None]:
            spelt = {"by": "--by", "rate": "--far", "same_person_above": "--same-person-above"}[given[0]]
            raise InputError(f"{spelt}: goes with a file of labels; name one with --groups LABELS.tsv")
        return
    if features is None or images is not None:
        raise InputError(f"--groups {labels}: labels go with --features DIR, without --pairs and --images")
    rate, alike = options["rate"], options["same_person_above"]
    if rate is not None and not 0 < rate < 1:
        raise InputError(f"--far {rate:g}: expected a rate between 0 and 1, such as 0.001")
    if alike is not None and not 0 < alike < 1:
        raise InputError(f"--same-person-above {alike:g}: expected a cosine between 0 and 1, such as 0.6")


def _on_pairs(pairs: Path, images: Path, network: str | None, **options: Any) -> "PairsEvaluation":
    from twinface.evaluation.protocols.on_pairs import evaluate_pairs

    return evaluate_pairs(pairs, images, network or chosen_settings().network, **options)


def _on_features(
    features: Path,
    network: str | None,
    people: str,
    groups: dict[str, str] | None,
    images: Path | None,
    **options: Any,
) -> "FeaturesEvaluation":
    from twinface.evaluation.protocols.on_features import evaluate_features

    matching = chosen_settings().matching
    return evaluate_features(
        features, network=network, people=people, groups=groups, images=images, matching=matching, **options
    )


def _on_groups(
    features: Path, labels: Path, network: str | None, people: str, of_labels: dict[str, Any], **options: Any
) -> "GroupsEvaluation":
    from twinface.evaluation.differentials.on_groups import evaluate_groups

    matching = chosen_settings().matching
    of_labels = of_labels | {"by": of_labels["by"] or ()}
    return evaluate_groups(features, labels, network=network, people=people, matching=matching, **of_labels, **options)


def _read_groups(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    if text == "none":
        return {}
    parts = [part.partition("=") for part in text.split(",")]
    if not all(name and pattern for name, _, pattern in parts):
        raise InputError(
            f"--groups {text}: expected NAME=PATTERN with commas between, as frontal=frontal_*, none, or a"
            " file of labels"
        )
    return {name: pattern for name, _, pattern in parts}


def _refuse_inputs(outputs: tuple[Path | None, ...], inputs: tuple[Path | str | None, ...]) -> None:
    from twinface.outputs import refuse_inputs

    for output in outputs:
        if output is not None:
            refuse_inputs(output, inputs, "name another place for it")


def _require_new(json_file: Path | None, plots: Path | None) -> None:
    """Before the work: what would be overwritten is reported at once."""
    from twinface.evaluation.report.page import REPORT_FILE
    from twinface.files import require_new

    if json_file is not None and json_file != Path("-"):
        require_new(json_file, "name another file with --json, or overwrite it with --force")
    if plots is not None:
        require_new(plots / REPORT_FILE, "name another folder with --plots, or overwrite it with --force")


def _write_report(folder: Path, done: "Evaluation", *, force: bool) -> None:
    from twinface.evaluation.report.page import write_report

    with progress_bar("drawing", None):
        write_report(folder, done, force=force)


def _print(done: "Evaluation", json_file: Path | None, plots: Path | None) -> None:
    from twinface.files import canonical_json, write_atomically

    if json_file is not None:
        text = canonical_json(_to_json(done))
        if json_file == Path("-"):
            say_json_text(text.decode().rstrip())
            return
        try:
            write_atomically(json_file, text)
        except OSError as error:
            raise InputError(f"--json {json_file}: cannot be written ({error.strerror}); name another file") from error
    _print_table(done)
    if plots is not None:
        say(f"report: {plots / 'report.html'}")


def _to_json(done: "Evaluation") -> dict[str, Any]:
    from twinface.evaluation.differentials.group_json import groups_to_json
    from twinface.evaluation.differentials.on_groups import GroupsEvaluation
    from twinface.evaluation.figures.results import PairsEvaluation
    from twinface.evaluation.report.as_json import features_to_json, pairs_to_json

    if isinstance(done, GroupsEvaluation):
        return groups_to_json(done)
    return pairs_to_json(done) if isinstance(done, PairsEvaluation) else features_to_json(done)


def _print_table(done: "Evaluation") -> None:
    from twinface.cli.measuring.evaluate_table import print_evaluation
    from twinface.cli.measuring.groups_table import print_groups
    from twinface.evaluation.differentials.on_groups import GroupsEvaluation

    if isinstance(done, GroupsEvaluation):
        print_groups(done)
    else:
        print_evaluation(done)
