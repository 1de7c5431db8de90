"""Thresholds on their way into a head's folder: head.json is written whole or not at all, the weights stay."""

from pathlib import Path
from typing import Any

from twinface.errors import ArtefactError
from twinface.files import canonical_json, only_writer, read_json_object, write_atomically
from twinface.matching.built_in import built_in_head
from twinface.matching.cohort import COHORT_FILE
from twinface.matching.imagined import IMAGINED_FILE
from twinface.matching.layers import WEIGHTS_FILE
from twinface.matching.loading import cosine_spec
from twinface.matching.spec import FORMAT, HEAD_FILE, DecisionCalibration, read_spec


def add_calibration(folder: Path, calibration: DecisionCalibration, before: bytes) -> None:
    """Put thresholds into the head.json of a folder; everything else in it stays.

    `before` is what the file was when the head was loaded. Raises ArtefactError when it is another by now, because the
    head was trained again, or when it cannot be written.
    """
    path = folder / HEAD_FILE
    with only_writer(folder):
        if head_file(folder) != before:
            raise ArtefactError(f"{path}: the head has changed meanwhile; calibrate again")
        _write(path, canonical_json(read_json_object(path) | {"decision": calibration.model_dump()}))


def write_built_in_head(
    folder: Path, network: str, network_name: str, calibration: DecisionCalibration | None = None
) -> None:
    """Make a folder of the bundled head, with thresholds where there are some, or renew it.

    Raises ArtefactError where another head stands, or when it cannot be written.
    """
    require_free(folder, network)
    box = built_in_head(network)
    if box is not None:
        for name in (WEIGHTS_FILE, COHORT_FILE, IMAGINED_FILE):
            _write(folder / name, (box / name).read_bytes())
    decision = {} if calibration is None else {"decision": calibration.model_dump()}
    _write(folder / HEAD_FILE, canonical_json({"network_name": network_name} | _built_in_about(network) | decision))


def require_free(folder: Path, network: str) -> None:
    """Raise ArtefactError unless the bundled head can be written to a folder: nothing is there, or that head."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    unlike = {"decision", "network_name"}
    old = read_json_object(folder / HEAD_FILE) if (folder / HEAD_FILE).is_file() else {}
    box = _built_in_about(network)
    if {name: part for name, part in old.items() if name not in unlike} != {
        name: part for name, part in box.items() if name not in unlike
    }:
        raise ArtefactError(f"{folder}: something else is there; name another folder with --output")


def _built_in_about(network: str) -> dict[str, Any]:
    """The head.json of the bundled head."""
    box = built_in_head(network)
    if box is not None:
        return read_json_object(box / HEAD_FILE)
    spec = cosine_spec(network).model_dump(include={"architecture", "network", "calibration"})
    return {"format": FORMAT, **spec}


def head_file(folder: Path) -> bytes:
    """The bytes of a folder's head.json. Raises ArtefactError when it cannot be read."""
    read_spec(folder)
    return (folder / HEAD_FILE).read_bytes()


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); the head is as it was") from error
