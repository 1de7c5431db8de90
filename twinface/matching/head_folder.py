"""The folder of a head: head.json, its weights and its cohort; which one is used, and how thresholds get into it.

head.json is written whole or not at all. No other file of twinface knows what it is called, or what stands in it beside
the `HeadSpec`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pydantic

from twinface.errors import ArtefactError
from twinface.files import FileState, canonical_json, only_writer, read_json_object, sha256_of, shown, write_atomically
from twinface.matching.head_spec import (
    COHORT_FILE,
    IMAGINED_FILE,
    WEIGHTS_FILE,
    DecisionCalibration,
    HeadSpec,
    cosine_spec,
)
from twinface.outputs import require_own_folder

_FORMAT = 1
_HEAD_FILE, _TRAINED_PEOPLE = "head.json", "learnt_from"
_BUNDLED = Path(__file__).resolve().parents[1] / "data"
_NETWORK_DIGITS, _FINGERPRINT_DIGITS = 12, 16


def read_spec(folder: Path) -> HeadSpec:
    """Read head.json of a folder. Raises ArtefactError when it is missing, damaged or of another format."""
    path = folder / _HEAD_FILE
    if not folder.is_dir():
        raise ArtefactError(f"{folder}: no such folder; train a head with `twinface train`, or leave --head out")
    value = read_json_object(path)
    if value.get("format") != _FORMAT:
        raise ArtefactError(
            f"{path}: format {shown(value.get('format'))}, this twinface reads {_FORMAT};"
            " update twinface or train again"
        )
    try:
        spec = HeadSpec.model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ArtefactError(f"{path}: {where}: {first['msg']}; train the head again") from error
    if spec.architecture == "metric" and spec.scale is None:
        raise ArtefactError(f"{path}: a metric head without its calibration; train the head again")
    return spec


def read_about(folder: Path) -> dict[str, Any]:
    """All that head.json of a folder says. Raises ArtefactError when it is missing or no JSON object."""
    return read_json_object(folder / _HEAD_FILE)


def write_about(folder: Path, about: Mapping[str, Any], trained_people: Iterable[str]) -> None:
    """Write head.json of a new head: what it is, and the digests of the people it was trained or tuned on.

    Raises OSError.
    """
    content = {"format": _FORMAT, _TRAINED_PEOPLE: sorted(trained_people), **about}
    (folder / _HEAD_FILE).write_bytes(canonical_json(content))


def add_about(folder: Path, parts: Mapping[str, Any]) -> None:
    """Put parts into the head.json of a folder that nobody reads yet; everything else in it stays.

    Raises ArtefactError when there is none, OSError when it cannot be written.
    """
    (folder / _HEAD_FILE).write_bytes(canonical_json({**read_about(folder), **parts}))


def trained_people(folder: Path, *, required: bool = True) -> frozenset[str]:
    """The digests of the people that the head in a folder was trained or tuned on.

    Raises ArtefactError when it does not list them and that is `required`, or lists something else.
    """
    about = read_about(folder)
    if required and _TRAINED_PEOPLE not in about and about.get("architecture") != "metric":
        raise ArtefactError(
            f"{folder}: does not say whom it was trained on, so no figure can be trusted; train it again"
        )
    digests = about.get(_TRAINED_PEOPLE, [])
    if not isinstance(digests, list) or not all(isinstance(digest, str) for digest in digests):
        raise ArtefactError(
            f"{folder / _HEAD_FILE}: {_TRAINED_PEOPLE}: expected a list of digests; train the head again"
        )
    return frozenset(digests)


def holds_head(folder: Path) -> bool:
    """Whether there is a head in a folder."""
    return (folder / _HEAD_FILE).is_file()


def head_state(folder: Path | None) -> FileState | None:
    """Tells the head of a folder from the one that takes its place; None of no head, and of the bundled one."""
    return FileState.of(folder / _HEAD_FILE) if folder else None


def require_head_folder(folder: Path, beside: Iterable[str], mend: str) -> None:
    """Raise InputError where a folder that is to be replaced is no head's, or holds what is not of `beside`."""
    require_own_folder(folder, _HEAD_FILE, beside, mend)


def files_of_head(folder: Path) -> list[Path]:
    """What a head scores by, and a model to train further: files of its folder, whatever else lies there."""
    return [*sorted(folder.glob(f"{Path(_HEAD_FILE).stem}.*")), *folder.glob(COHORT_FILE)]


def built_in_head(network: str) -> Path | None:
    """The folder of the bundled head for the network with this fingerprint; None where there is none."""
    return _bundled_folders().get(network)


@cache
def _bundled_folders() -> dict[str, Path]:
    return {read_spec(path.parent).network: path.parent for path in sorted(_BUNDLED.glob(f"*/{_HEAD_FILE}"))}


def head_place(configured: Path | None, gallery: Path, network: str) -> Path:
    """Where `twinface retrain` puts a head: the configured folder, else one in that of the gallery.

    It is named after the network with the fingerprint `network`, so that another network has another head.
    """
    return configured or gallery / f"head-{network[:_NETWORK_DIGITS]}"


def head_in_use(configured: Path | None, gallery: Path, network: str) -> Path | None:
    """The configured folder, else that of the head retrained from this gallery; None, the bundled head, where there
    is none.
    """
    place = head_place(configured, gallery, network)
    return place if configured or holds_head(place) else None


def head_fingerprint(folder: Path | None, spec: HeadSpec) -> str:
    """16 hex digits over all that a head decides by, its thresholds included: over its files, in `folder` or in the
    box for the network of `spec`, else over `spec`. Raises ArtefactError when a file cannot be read.
    """
    folder = folder or built_in_head(spec.network)
    if folder is None:
        return hashlib.sha256(spec.model_dump_json(by_alias=True).encode()).hexdigest()[:_FINGERPRINT_DIGITS]
    try:
        files = [path for path in files_of_head(folder) if path.suffix != ".keras"]
        parts = [f"{path.name} {sha256_of(path)}" for path in files]
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be read ({error.strerror}); check its rights") from error
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_FINGERPRINT_DIGITS]


def add_calibration(
    folder: Path,
    calibration: DecisionCalibration,
    before: bytes,
    first: Callable[[Mapping[str, bytes]], None] = lambda _files: None,
) -> None:
    """Put thresholds into the head.json of a folder; everything else in it stays.

    `before` is what the file was when the head was loaded; `first` is given what is going to be written. Raises
    ArtefactError when it is another by now, because the head was trained again, or when it cannot be written, and what
    `first` raises.
    """
    path = folder / _HEAD_FILE
    with only_writer(folder):
        if head_file(folder) != before:
            raise ArtefactError(f"{path}: the head has changed meanwhile; calibrate again")
        content = canonical_json(read_json_object(path) | {"decision": calibration.model_dump()})
        first({_HEAD_FILE: content})
        _write(path, content)


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
    _write(folder / _HEAD_FILE, canonical_json({"network_name": network_name} | _built_in_about(network) | decision))


def require_free(folder: Path, network: str) -> None:
    """Raise ArtefactError unless the bundled head can be written to a folder: nothing is there, or that head."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    unlike = {"decision", "network_name"}
    old = read_about(folder) if holds_head(folder) else {}
    box = _built_in_about(network)
    if {name: part for name, part in old.items() if name not in unlike} != {
        name: part for name, part in box.items() if name not in unlike
    }:
        raise ArtefactError(f"{folder}: something else is there; name another folder with --output")


def _built_in_about(network: str) -> dict[str, Any]:
    """The head.json of the bundled head."""
    box = built_in_head(network)
    if box is not None:
        return read_about(box)
    spec = cosine_spec(network).model_dump(include={"architecture", "network", "scale"}, by_alias=True)
    return {"format": _FORMAT, **spec}


def head_file(folder: Path) -> bytes:
    """The bytes of a folder's head.json. Raises ArtefactError when it cannot be read."""
    read_spec(folder)
    return (folder / _HEAD_FILE).read_bytes()


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); the head is as it was") from error
