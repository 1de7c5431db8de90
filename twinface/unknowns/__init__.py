"""Unknown visitors who come again: tracks that ended unknown, put together where they show one person.

Each is a number, never used twice, and the good looks that bear it in the database of events. There are no more
of them than the settings say, and whoever is not seen for long is forgotten.
"""

from twinface.unknowns.unknowns import (
    SAME_UNKNOWN_COSINE,
    Unknown,
    Unknowns,
    find_unknown,
    forget_unknowns_like,
    list_unknowns,
    remove_unknowns,
    unknown_id,
    unknown_looks,
)

__all__ = [
    "SAME_UNKNOWN_COSINE",
    "Unknown",
    "Unknowns",
    "find_unknown",
    "forget_unknowns_like",
    "list_unknowns",
    "remove_unknowns",
    "unknown_id",
    "unknown_looks",
]
