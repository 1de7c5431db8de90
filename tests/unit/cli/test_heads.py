"""`heads` shows which heads there are."""

import json
from collections.abc import Callable
from pathlib import Path

from retrained_box import enrol, make_people

Run = Callable[..., tuple[int, str, str]]


def test_a_box_that_was_never_retrained_shows_the_bundled_head(twinface: Run, tmp_path: Path) -> None:
    settings = enrol(tmp_path / "gallery", make_people(1))
    config = tmp_path / "pipeline.toml"
    config.write_text(f'gallery = "{settings.gallery}"\n[[camera]]\nname = "door"\nsource = "0"\n')
    code, shown, _ = twinface("--config", config, "heads")
    assert (code, "in use" in shown, "plda: bundled" in shown) == (0, True, True)
    (head,) = json.loads(twinface("--config", config, "heads", "--json")[1])["heads"]
    assert (head["verdict"], head["in_use"], head["made_at_ns"]) == ("bundled", True, None)
    assert head["version"] in shown
