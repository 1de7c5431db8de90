"""Unknown visitors who come again: tracks that ended unknown, put together where they show one person.

A stranger is a number, never used twice, and the good looks that bear it in the database of events. There are no more
of them than the settings say, and whoever is not seen for long is forgotten.
"""

from twinface.strangers.clustering import SAME_STRANGER_COSINE
from twinface.strangers.strangers import (
    Stranger,
    Strangers,
    find_stranger,
    forget_strangers_like,
    list_strangers,
    remove_strangers,
    stranger_id,
    stranger_looks,
)

__all__ = [
    "SAME_STRANGER_COSINE",
    "Stranger",
    "Strangers",
    "find_stranger",
    "forget_strangers_like",
    "list_strangers",
    "remove_strangers",
    "stranger_id",
    "stranger_looks",
]
