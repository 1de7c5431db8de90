"""What people said of names that were given: "this is not X", "this is X".

    corrections.pkl         in the folder of the gallery, signed as the people there are

`read_corrections(settings.gallery)` gives all of them, oldest first: `Correction`s of `CorrectionKind` reject or
confirm, each with name, vector and the network's fingerprint. The matcher vetoes by them, training learns from them.
They have a network each, because they outlive a change of it: whoever reads them takes those of the network at hand.
"""

from twinface.corrections.correction import Correction, CorrectionKind
from twinface.corrections.corrections_file import (
    CORRECTIONS_FILE,
    add_corrections,
    forget_corrections,
    is_of,
    read_corrections,
    rename_corrections,
    take_back_corrections,
)

__all__ = [
    "CORRECTIONS_FILE",
    "Correction",
    "CorrectionKind",
    "add_corrections",
    "forget_corrections",
    "is_of",
    "read_corrections",
    "rename_corrections",
    "take_back_corrections",
]
