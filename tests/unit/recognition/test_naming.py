"""Where a name is not to be trusted, it is said."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinface.networks import find_recipe
from twinface.recognition.naming import uncalibrated


@pytest.mark.parametrize(
    ("network", "head", "warned"),
    [("sface", None, False), ("resnet50", None, True), ("resnet50", Path("head"), False)],
)
def test_the_built_in_head_is_for_sface(network: str, head: Path | None, warned: bool) -> None:
    warning = uncalibrated(head, replace(find_recipe("sface"), name=network))
    assert (warning is not None) == warned
