"""What a thief of the box's key could sign: every reader refuses it, in little memory and time, and shows no value."""

import pickle
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from bombs import BOMBS, KEY, START, signed
from hypothesis import given
from hypothesis import strategies as st

from twinface.gallery.plain_pickle import MAX_DEPTH, MAX_OPERATIONS, read_plain_pickle

# Calls every reader with every file, with little more memory than it has, and says how each ended.
_READERS = """
import resource, sys
from pathlib import Path
from twinface.corrections import read_corrections
from twinface.corrections.answers_file import read_answers
from twinface.corrections.steps_file import read_step
from twinface.errors import ArtefactError
from twinface.gallery import read_person
from twinface.gallery.person_files import read_crops
from twinface.gallery.person_files import read_set_aside

KEY = b"k" * 32
folder = Path(sys.argv[1])
status = Path("/proc/self/status").read_text().split()
size_bytes = int(status[status.index("VmSize:") + 1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (size_bytes + 2**30, size_bytes + 2**30))
before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
(folder / "corrections.pkl").touch()
(folder / "answers.pkl").touch()
(folder / "steps").mkdir()
READERS = {
    "person": lambda path: read_person(path, KEY),
    "crops": lambda path: read_crops(path, KEY),
    "set aside": lambda path: read_set_aside(path, KEY),
    "corrections": lambda path: (path.replace(folder / "corrections.pkl"), read_corrections(folder)),
    "answers": lambda path: (path.replace(folder / "answers.pkl"), read_answers(folder)),
    "step": lambda path: (path.replace(folder / "steps/00000001.step"), read_step(folder, 1)),
}
for path in sorted(folder.glob("*.bomb")):
    for name, read in READERS.items():
        data = path.read_bytes()
        (folder / "file").write_bytes(data)
        try:
            print("READ", path.name, name, str(read(folder / "file"))[:100])
        except ArtefactError as error:
            message = str(error)
            print("refused" if len(message) < 400 and "\\n" not in message else "LONG", path.name, name, message)
print("took", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb)
"""


def test_no_reader_of_signed_files_takes_much_for_a_bomb(tmp_path: Path) -> None:
    for number, payload in enumerate(BOMBS.values()):
        (tmp_path / f"{number:03}.bomb").write_bytes(signed(payload))
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    child = subprocess.run(
        [sys.executable, "-c", _READERS, str(tmp_path)],
        env={"TWINFACE_KEY_FILE": str(tmp_path / "key"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = child.stdout.splitlines()
    assert child.returncode == 0, child.stderr[-2000:]
    word, took_kb = lines.pop().split()
    assert word == "took"
    assert int(took_kb) < 350 * 1024
    assert [line for line in lines if not line.startswith("refused")] == []
    assert len(lines) == 6 * len(BOMBS)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (START + b")" + b"\x85" * MAX_DEPTH + b".", f"nested deeper than {MAX_DEPTH}"),
        (START + b"]\x94h\x00a.", "the same list twice"),
        (START + b"N\x94r\x00\x00\x00\x11.", "operation 0x72"),
        (START + b"N", "cut short"),
        (START + b"NN.", "left over"),
        (START + b"N.N", "left over"),
        (START + b"(N.", "left over"),
        (START + b".", "left over"),
        (START + b"a.", "without its value"),
        (START + b"]e.", "without its mark"),
        (START + b"](a.", "without its value"),
        (START + b"N(N\x86.", "without its values"),
        (START + b"}(Nu.", "a key without its value"),
        (START + b"NNa.", "put into a NoneType"),
        (START + b"\x8c\x02\xff\xff.", "decode"),
        (b"\x80\x04N.", "no pickle of protocol 5"),
        (b"", "cut short"),
    ],
)
def test_what_is_no_plain_data_is_refused_for_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_plain_pickle(memoryview(payload))


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(_PLAIN)
def test_what_pickle_writes_of_plain_data_is_read_as_it_was(value: object) -> None:
    assert read_plain_pickle(memoryview(pickle.dumps(value, 5))) == value


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 999, 1000, 1001, 70_000])
def test_containers_strings_and_bytes_of_every_size_are_read(length: int) -> None:
    for value in ([None] * length, (1,) * length, dict.fromkeys(map(str, range(length))), "ä" * length, b"x" * length):
        assert read_plain_pickle(memoryview(pickle.dumps(value, 5))) == value


def test_it_takes_memory_as_it_says() -> None:
    """The most that a payload of a few megabytes makes of itself."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="operations"):
        read_plain_pickle(memoryview(START + b"}" * (MAX_OPERATIONS + 1)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024
