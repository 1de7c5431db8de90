"""`twinface finetune`: teach a distilled ResNet50 to tell people apart."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.learning.runs import RunOptions, learn


def finetune(
    *,
    run: RunOptions,
    start: Annotated[Path, typer.Option("--start", help="A run, or face, whose weights are taken over.")],
    crops: Annotated[
        list[Path] | None, typer.Option("--crops", help="A folder of aligned crops a person, in a folder.")
    ] = None,
    weight: Annotated[
        float, typer.Option("--weight", min=1e-6, help="How much people count, beside staying near the teacher.")
    ] = 0.2,
    last_stages: Annotated[
        int, typer.Option("--last-stages", min=1, max=5, help="Of the network's five, so many learn.")
    ] = 1,
    keep: Annotated[
        float, typer.Option("--keep", min=0.0, max=1.0, help="Share of the weights taken over in those it ends with.")
    ] = 0.5,
    batch: Annotated[int, typer.Option("--batch", min=8, help="Pictures a step, four of each person.")] = 64,
    learning_rate: Annotated[float, typer.Option("--learning-rate", min=0.0, help="Highest rate.")] = 3e-4,
    views: Annotated[int, typer.Option("--views", min=1, help="Ways in which the teacher sees each crop.")] = 4,
) -> None:
    """Start from a run of `distill` with pictures whose people are known: pictures of one person draw together, of
    different ones apart, while all stay near what the teacher outputs.
    """
    from twinface.distillation.checkpoints import Progress
    from twinface.distillation.packing import Sources
    from twinface.distillation.run_order import Settings
    from twinface.distillation.starting_weights import read_size_px

    period = Progress(
        size_px=read_size_px(start),
        batch=batch,
        learning_rate=learning_rate,
        period_steps=run.steps,
        period_minutes=run.minutes,
    )
    settings = Settings(
        Sources(tuple(crops or ()), (), run.people),
        seed=run.seed,
        views=views,
        threads=run.threads,
        measure_minutes=run.measure_minutes,
        begin_with=start,
        people_weight=weight,
        last_stages=last_stages,
        kept_share=keep,
    )
    learn(run, settings, period)
