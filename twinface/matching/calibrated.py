"""Thresholds on their way into a head's folder: head.json is written whole or not at all, the weights stay."""

from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import canonical_json, read_json_object, write_atomically
from twinface.matching.loading import built_in_spec
from twinface.matching.spec import FORMAT, HEAD_FILE, DecisionCalibration, read_spec


def add_calibration(folder: Path, calibration: DecisionCalibration, before: bytes) -> None:
    """Put thresholds into the head.json of a folder; everything else in it stays.

    `before` is what the file was when the head was loaded. Raises ArtefactError when it is another by now, because the
    head was trained anew, or when it cannot be written.
    """
    path = folder / HEAD_FILE
    if head_file(folder) != before:
        raise ArtefactError(f"{path}: the head has changed meanwhile; calibrate again")
    _write(path, read_json_object(path) | {"decision": calibration.model_dump()})


def write_built_in_head(folder: Path, network: str, network_name: str, calibration: DecisionCalibration) -> None:
    """Make a folder of the built-in head with thresholds, or renew it.

    Raises ArtefactError where another head stands, or when it cannot be written.
    """
    require_free(folder, network)
    spec = built_in_spec(network, network_name)
    content = spec.model_dump(include={"architecture", "network", "network_name", "calibration"})
    _write(folder / HEAD_FILE, {"format": FORMAT, **content, "decision": calibration.model_dump()})


def require_free(folder: Path, network: str) -> None:
    """Raise ArtefactError unless the built-in head can be written to a folder: nothing is there, or that head."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    built_in = built_in_spec(network)
    old = read_spec(folder) if (folder / HEAD_FILE).is_file() else None
    if old is None or (old.architecture, old.network, old.calibration) != ("metric", network, built_in.calibration):
        raise ArtefactError(f"{folder}: something else is there; name another folder with --output")


def head_file(folder: Path) -> bytes:
    """The bytes of a folder's head.json. Raises ArtefactError when it cannot be read."""
    read_spec(folder)
    return (folder / HEAD_FILE).read_bytes()


def _write(path: Path, content: dict[str, object]) -> None:
    try:
        write_atomically(path, canonical_json(content))
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); the head is as it was") from error
