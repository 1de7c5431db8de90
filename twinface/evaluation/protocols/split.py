"""The fixed split of people: who figures are reported of, and whom nothing may ever be trained on.

People in byte order of their names (as `LC_ALL=C sort` has them), every fifth is validation. It depends on the names
alone, so that figures can be compared for years.
"""

import hashlib
import os
from collections.abc import Iterable

_EVERY = 5


def validation_people(names: Iterable[str]) -> list[str]:
    """The people of the validation side, in byte order: those whose place there leaves 4 when divided by 5."""
    return sorted(set(names), key=os.fsencode)[_EVERY - 1 :: _EVERY]


def person_digest(name: str) -> str:
    """What a head.json lists of the people it was trained or tuned on: 16 hex digits of the name's sha256.

    A head can be handed on without telling whose faces it was made of.
    """
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
