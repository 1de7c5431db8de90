"""THE table of topics: who sends what to whom, how, and what happens when the reader is slow."""

from dataclasses import dataclass
from enum import StrEnum


class Pattern(StrEnum):
    """How a topic travels."""

    WORK = "work"  # ROUTER ⇄ DEALER with credits and leases: every message is accounted for
    PUBLISH = "publish"  # PUB → SUB: whoever listens, gets
    ON_DEMAND = "on demand"  # XPUB → SUB: made only while somebody is subscribed
    REQUEST = "request"  # DEALER ⇄ ROUTER: a question and its answer


class Overflow(StrEnum):
    """What a full mailbox of a work link does."""

    NEWEST_PER_KEY = "newest per key"  # a newer message of the same key replaces the waiting one
    DROP_OLDEST = "drop oldest"


class Order(StrEnum):
    """In which order the waiting messages of a work link go out."""

    OLDEST_FIRST = "oldest first"
    NEWEST_FIRST = "newest first"  # of those of the lowest rank; what a source waits for goes out in its own order


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table.

    `kinds` are the bodies that travel on it. Where `payload_dtype` is given, each message has an array of that type,
    with `payload_dimensions` of them; otherwise none has one.
    `capacity` is the number of messages a sender (work link) or the socket (publish) keeps for a slow reader,
    `window` the most that a reader takes on at a time, `lease_ms` how long it may be silent before another reader gets
    what it has, and `attempts` how often a message is offered before it counts as lost. `stale_after_ms` is the age
    since its capture at which a message no longer makes sense: wherever it is by then, it is dropped.
    """

    name: str
    version: int
    publisher: str
    readers: tuple[str, ...]
    pattern: Pattern
    kinds: tuple[str, ...]
    capacity: int
    payload_dtype: str | None = None
    payload_dimensions: int = 0
    max_payload_bytes: int = 0
    overflow: Overflow = Overflow.DROP_OLDEST
    order: Order = Order.OLDEST_FIRST
    window: int = 2
    lease_ms: int = 2000
    attempts: int = 3
    stale_after_ms: int = 5000


CROPS = Topic(
    name="crops",
    version=3,
    publisher="camera",
    readers=("extractor",),
    pattern=Pattern.WORK,
    kinds=("crop",),
    payload_dtype="|u1",
    payload_dimensions=3,
    max_payload_bytes=1024 * 1024,
    capacity=16,
    overflow=Overflow.NEWEST_PER_KEY,
    order=Order.NEWEST_FIRST,
)
VECTORS = Topic(
    name="vectors",
    version=3,
    publisher="extractor",
    readers=("matcher",),
    pattern=Pattern.WORK,
    kinds=("vector",),
    payload_dtype="<f4",
    payload_dimensions=1,
    max_payload_bytes=1024 * 1024,
    capacity=64,
    order=Order.NEWEST_FIRST,
    window=8,
)
TRACKS = Topic(
    name="tracks",
    version=2,
    publisher="camera",
    readers=("matcher",),
    pattern=Pattern.WORK,
    kinds=("tracks",),
    capacity=64,
    overflow=Overflow.NEWEST_PER_KEY,
    window=8,
)
MATCHES = Topic(
    name="matches",
    version=2,
    publisher="matcher",
    readers=("watch", "web", "mqtt"),
    pattern=Pattern.PUBLISH,
    kinds=("match",),
    capacity=1000,
)
PREVIEW = Topic(
    name="preview",
    version=2,
    publisher="camera",
    readers=("web",),
    pattern=Pattern.ON_DEMAND,
    kinds=("preview",),
    payload_dtype="|u1",
    payload_dimensions=1,
    max_payload_bytes=4 * 1024 * 1024,
    capacity=2,
)
LOOKS = Topic(
    name="looks",
    version=1,
    publisher="camera",
    readers=("matcher", "web"),
    pattern=Pattern.ON_DEMAND,
    kinds=("picture",),
    payload_dtype="|u1",
    payload_dimensions=1,
    max_payload_bytes=256 * 1024,
    capacity=100,
)
HEALTH = Topic(
    name="health",
    version=2,
    publisher="every process",
    readers=("web", "sentinel", "mqtt", "sync", "up"),
    pattern=Pattern.PUBLISH,
    kinds=("heartbeat",),
    capacity=10,
)
CONTROL = Topic(
    name="control",
    version=2,
    publisher="matcher, sentinel, trainer, pictures",
    readers=("cli", "web"),
    pattern=Pattern.REQUEST,
    kinds=("request", "reply"),
    capacity=100,
)

TOPICS = {topic.name: topic for topic in (CROPS, VECTORS, TRACKS, MATCHES, PREVIEW, LOOKS, HEALTH, CONTROL)}
