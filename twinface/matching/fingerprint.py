"""Which head it was, in few letters: for whoever asks later why somebody was given a name."""

import hashlib
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import sha256_of
from twinface.matching.built_in import built_in_head
from twinface.matching.cohort import COHORT_FILE
from twinface.matching.spec import HEAD_FILE, HeadSpec

_DIGITS = 16


def head_fingerprint(folder: Path | None, spec: HeadSpec) -> str:
    """16 hex digits over all that a head decides by, its thresholds included: over its files, in `folder` or in the
    box for the network of `spec`, else over `spec`. Raises ArtefactError when a file cannot be read.
    """
    folder = folder or built_in_head(spec.network)
    if folder is None:
        return hashlib.sha256(spec.model_dump_json().encode()).hexdigest()[:_DIGITS]
    stem = Path(HEAD_FILE).stem
    try:
        files = sorted(path for path in folder.glob(f"{stem}.*") if path.suffix != ".keras")
        files += folder.glob(COHORT_FILE)
        parts = [f"{path.name} {sha256_of(path)}" for path in files]
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be read ({error.strerror}); check its rights") from error
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]
