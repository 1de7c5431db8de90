"""`twinface stats`: mean and standard deviation of features."""

from twinface.cli.console import say
from twinface.cli.learning.train_options import FeaturesOption
from twinface.text import plural


def stats(*, features: FeaturesOption) -> None:
    """Print mean and standard deviation of the features, and keep them for `train` (the original compute_mean.py)."""
    from twinface.training.heads.feature_table import STATISTICS_FILE, compute_statistics

    found = compute_statistics(features)
    say(f"{plural(found.count, 'vector')} of {len(found.mean)} numbers")
    say(f"mean {found.mean.mean():.6g} ({found.mean.min():.6g} to {found.mean.max():.6g})")
    say(f"standard deviation {found.deviation.mean():.6g} ({found.deviation.min():.6g} to {found.deviation.max():.6g})")
    say(f"each number's: {features / STATISTICS_FILE}")
