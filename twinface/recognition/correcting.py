"""What people say of a name that was given, taken down where the matcher and training find it."""

import time
from collections.abc import Sequence

from twinface.corrections import Correction, CorrectionKind, add_corrections
from twinface.events import LookRecord
from twinface.recognition.evidence import Evidence
from twinface.settings import Settings


def correct(
    kind: CorrectionKind, name: str, looks: Sequence[LookRecord], evidence: Evidence, settings: Settings
) -> list[Correction]:
    """Remember that the face of the looks is, or is not, `name`. Raises ArtefactError as `add_corrections` does."""
    event, now_ns = evidence.event.sequence if evidence.event else None, time.time_ns()
    corrections = [
        Correction(kind, name, look.vector, look.network, look.quality, str(look.key), event, now_ns) for look in looks
    ]
    add_corrections(settings.gallery, corrections)
    return corrections
