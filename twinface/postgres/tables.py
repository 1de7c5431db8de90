"""What everybody who reads or writes tables of the database has in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import psycopg

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

CHANNEL = "twinface"
"""Who has changed something for others says NOTIFY on this channel; what it was stands in the tables."""


def as_halfvec(vector: Sequence[float]) -> str:
    """Numbers as pgvector reads them."""
    return f"[{','.join(f'{number:.6g}' for number in vector)}]"
