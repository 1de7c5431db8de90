"""Bundled heads: one for each network whose vectors one was trained on."""

from functools import cache
from pathlib import Path

from twinface.matching.spec import HEAD_FILE, read_spec

_IN_THE_BOX = Path(__file__).resolve().parents[1] / "data"


def built_in_head(network: str) -> Path | None:
    """The folder of the bundled head for the network with this fingerprint; None where there is none."""
    return _folders().get(network)


@cache
def _folders() -> dict[str, Path]:
    return {read_spec(path.parent).network: path.parent for path in sorted(_IN_THE_BOX.glob(f"*/{HEAD_FILE}"))}
