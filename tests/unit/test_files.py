import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from twinface import files
from twinface.errors import ArtefactError
from twinface.files import canonical_json, exchange, read_json_object, sha256_of, write_atomically


def test_written_file_has_content_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomically(path, b"content")
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_target_that_is_a_folder_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# Where it comes between two steps of `with`, the interpreter closes the file, and says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_at_any_line_leaves_the_old_file_or_the_new_and_nothing_else(tmp_path: Path) -> None:
    path, contents = tmp_path / "a.json", set()
    interrupted, steps = True, 0
    while interrupted:
        path.write_bytes(b"old")
        interrupted = is_interrupted(lambda: write_atomically(path, b"new"), steps)
        assert list(tmp_path.iterdir()) == [path]
        contents.add(path.read_bytes())
        steps += 1
    assert contents == {b"old", b"new"}
    assert steps > 10


def is_interrupted(work: Callable[[], None], steps: int) -> bool:
    """Whether Ctrl-C came in the way of something, that many lines of twinface.files after its beginning."""
    lines = iter(range(steps))

    def trace(frame: FrameType, event: str, _: object) -> object:
        if frame.f_code.co_filename != files.__file__:
            return None
        if event == "line" and next(lines, None) is None:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_canonical_json_does_not_depend_on_order() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1})
    assert json.loads(canonical_json({"a": "é"})) == {"a": "é"}
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": float("nan")})


@pytest.mark.parametrize(
    ("content", "problem"), [(b"{", "not valid JSON"), (b"[1]", "expected a JSON object"), (None, "cannot be read")]
)
def test_json_that_is_no_object_is_one_line(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtefactError, match=problem) as caught:
        read_json_object(path)
    assert "\n" not in str(caught.value)


def test_sha256_of_a_known_file(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_two_folders_change_places_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert exchange(tmp_path / "one", tmp_path / "two")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["two"]
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["one"]
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "nothing")
