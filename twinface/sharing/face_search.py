"""Where a face was seen: the looks of all boxes, the most alike first, by pgvector; exact vectors decide."""

import re
from dataclasses import dataclass

import numpy as np

from twinface.events.event import TrackKey
from twinface.matching.vectors import normalised
from twinface.postgres.tables import Connection, as_halfvec
from twinface.types import Vectors

MOST_DIMENSIONS = 4000
"""Of a vector of half precision that pgvector makes an index of."""

_PROPOSED_PER_RESULT = 8
"""A track has several looks, and the order by half precision is not quite the exact one."""

_MOST_PROPOSED = 1000
_FINGERPRINT = re.compile(r"[0-9a-f]{1,64}")
_NEAREST = """
    SELECT coalesce(boxes.name, looks.box), camera, stream, track, crop, at_ns, looks.name, state, vector
    FROM looks LEFT JOIN boxes ON boxes.id = looks.box
    WHERE network = '{network}' AND vector_dims(search) = {dimensions} AND at_ns >= %s AND at_ns < %s
    ORDER BY search::halfvec({dimensions}) <=> %s::halfvec({dimensions}) LIMIT %s
"""
_INDEX = """
    CREATE INDEX IF NOT EXISTS looks_alike_{short} ON looks
    USING hnsw ((search::halfvec({dimensions})) halfvec_cosine_ops) WHERE network = '{network}'
"""
_HAS_INDEX = "SELECT to_regclass(%s) IS NOT NULL"
_GO_ON_WHERE_FILTERED = """
    SELECT set_config('hnsw.iterative_scan', 'strict_order', true) FROM pg_extension
    WHERE extname = 'vector' AND string_to_array(extversion, '.')::int[] >= '{0,8}'
"""
_EVER_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """The look of a track that is most like the face; `cosine` is -1…1, `name` what it was called then."""

    box: str
    key: TrackKey
    crop: int
    at_ns: int
    name: str | None
    state: str
    cosine: float


def search_face(
    connection: Connection,
    vectors: Vectors,
    network: str,
    *,
    since_ns: int = 0,
    until_ns: int = _EVER_NS,
    limit: int = 20,
) -> list[Sighting]:
    """The tracks of all boxes that look like the one face of `vectors` (n, d) of a `network`, by its fingerprint; at
    most `limit`, the most alike first. Raises psycopg.Error.
    """
    probe = normalised(normalised(vectors).mean(axis=0, keepdims=True))[0]
    statement = _filled(_NEAREST, network, probe.size)
    proposed = min(_MOST_PROPOSED, limit * _PROPOSED_PER_RESULT)
    with connection.transaction():
        connection.execute(f"SET LOCAL hnsw.ef_search = {max(proposed, 40)}".encode())
        connection.execute(_GO_ON_WHERE_FILTERED)
        rows = connection.execute(statement, [since_ns, until_ns, as_halfvec(probe.tolist()), proposed]).fetchall()
    best: dict[tuple[str, TrackKey], Sighting] = {}
    for box, camera, stream, track, crop, at_ns, name, state, vector in rows:
        cosine = float(normalised(np.frombuffer(vector, "<f4")[np.newaxis])[0] @ probe)
        one = Sighting(box, TrackKey(camera, stream, track), crop, at_ns, name, state, cosine)
        if (box, one.key) not in best or best[box, one.key].cosine < cosine:
            best[box, one.key] = one
    return sorted(best.values(), key=lambda one: -one.cosine)[:limit]


def index_looks(connection: Connection, network: str, dimensions: int) -> None:
    """Make the index of the looks of a `network` where there is none: with its first look, while it costs nothing."""
    row = connection.execute(_HAS_INDEX, [f"looks_alike_{network[:16]}"]).fetchone()
    if dimensions <= MOST_DIMENSIONS and row is not None and not row[0]:
        connection.execute(_filled(_INDEX, network, dimensions))


def _filled(statement: str, network: str, dimensions: int) -> bytes:
    """A statement with what an index wants written out. Raises ValueError for what is no fingerprint."""
    if not _FINGERPRINT.fullmatch(network):
        raise ValueError("no fingerprint of a network")
    return statement.format(network=network, short=network[:16], dimensions=dimensions).encode()
