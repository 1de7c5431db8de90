from pathlib import Path

from twinface.matching import HeadSpec
from twinface.matching.head_folder import head_fingerprint


def test_it_changes_with_whatever_decides_and_with_nothing_else(tmp_path: Path) -> None:
    spec = HeadSpec(architecture="linear")
    (tmp_path / "head.json").write_text("{}")
    (tmp_path / "head.npz").write_bytes(b"weights")
    before = head_fingerprint(tmp_path, spec)
    assert len(before) == 16
    (tmp_path / "history.json").write_text("{}")
    (tmp_path / "head.keras").write_bytes(b"to train on")
    assert head_fingerprint(tmp_path, spec) == before
    seen = {before}
    for name, content in (("head.json", b"{} "), ("head.npz", b"other"), ("head.npy", b"new")):
        (tmp_path / name).write_bytes(content)
        seen.add(head_fingerprint(tmp_path, spec))
    assert len(seen) == 4


def test_the_built_in_head_has_one_per_network() -> None:
    first, second = (HeadSpec(architecture="metric", network=network) for network in ("a", "b"))
    assert head_fingerprint(None, first) == head_fingerprint(None, first) != head_fingerprint(None, second)
