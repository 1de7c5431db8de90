"""`twinface evaluate`: how good a network, a metric or a head is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json_text
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.evaluation.results import FeaturesEvaluation, PairsEvaluation


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
        str | None, typer.Option("--metric", help="cosine or l1, instead of a head; default: cosine.")
    ] = None,
    people: Annotated[
        str, typer.Option("--people", help="Of --features: validation (every fifth), all, or a file of names.")
    ] = "validation",
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups",
            help="Of --features: NAME=PATTERN,… of file names, or none; default: the words that names begin with.",
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
    from twinface.evaluation.as_json import features_to_json, pairs_to_json
    from twinface.evaluation.plots import require_matplotlib
    from twinface.evaluation.similarity import METRICS

    if (pairs is None) == (features is None):
        raise InputError("give either --pairs FILE with --images DIR, or --features DIR")
    if pairs is not None and images is None:
        raise InputError("--pairs needs --images, the folder that its pictures are in")
    if metric is not None and (metric not in METRICS or head is not None):
        raise InputError(f"--metric {metric}: expected {' or '.join(METRICS)}, and no --head beside it")
    if plots is not None:
        require_matplotlib()
    _refuse_inputs((json_file, plots), (pairs, images, features, head, people, network))
    if not force:
        _require_new(json_file, plots)
    options: dict[str, Any] = {"metric": metric or "cosine", "head": head, "seed": seed, "show": progress_bar}
    done: PairsEvaluation | FeaturesEvaluation
    if pairs is not None and images is not None:
        done = _on_pairs(pairs, images, network, aligned=aligned, **options)
        content = pairs_to_json(done)
    elif features is not None:
        done = _on_features(features, network, people, _read_groups(groups), images, **options)
        content = features_to_json(done)
    if plots is not None:
        _write_report(plots, done, force=force)
    _print(done, content, json_file, plots)


def _on_pairs(pairs: Path, images: Path, network: str | None, **options: Any) -> "PairsEvaluation":
    from twinface.evaluation.on_pairs import evaluate_pairs

    return evaluate_pairs(pairs, images, network or chosen_settings().network, **options)


def _on_features(
    features: Path,
    network: str | None,
    people: str,
    groups: dict[str, str] | None,
    images: Path | None,
    **options: Any,
) -> "FeaturesEvaluation":
    from twinface.evaluation.on_features import evaluate_features

    matching = chosen_settings().matching
    return evaluate_features(
        features, network=network, people=people, groups=groups, images=images, matching=matching, **options
    )


def _read_groups(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    if text == "none":
        return {}
    parts = [part.partition("=") for part in text.split(",")]
    if not all(name and pattern for name, _, pattern in parts):
        raise InputError(f"--groups {text}: expected NAME=PATTERN with commas between, as frontal=frontal_*, or none")
    return {name: pattern for name, _, pattern in parts}


def _refuse_inputs(outputs: tuple[Path | None, ...], inputs: tuple[Path | str | None, ...]) -> None:
    from twinface.outputs import refuse_inputs

    for output in outputs:
        if output is not None:
            refuse_inputs(output, inputs, "name another place for it")


def _require_new(json_file: Path | None, plots: Path | None) -> None:
    """Before the work: what would be overwritten is told at once."""
    from twinface.evaluation.report import REPORT_FILE
    from twinface.files import require_new

    if json_file is not None and json_file != Path("-"):
        require_new(json_file, "name another file with --json, or overwrite it with --force")
    if plots is not None:
        require_new(plots / REPORT_FILE, "name another folder with --plots, or overwrite it with --force")


def _write_report(folder: Path, done: "PairsEvaluation | FeaturesEvaluation", *, force: bool) -> None:
    from twinface.evaluation.report import write_report

    with progress_bar("drawing", None):
        write_report(folder, done, force=force)


def _print(
    done: "PairsEvaluation | FeaturesEvaluation", content: dict[str, Any], json_file: Path | None, plots: Path | None
) -> None:
    from twinface.cli.evaluate_table import print_evaluation
    from twinface.files import canonical_json, write_atomically

    text = canonical_json(content)
    if json_file == Path("-"):
        say_json_text(text.decode().rstrip())
        return
    if json_file is not None:
        try:
            write_atomically(json_file, text)
        except OSError as error:
            raise InputError(f"--json {json_file}: cannot be written ({error.strerror}); name another file") from error
    print_evaluation(done)
    if plots is not None:
        say(f"report: {plots / 'report.html'}")
