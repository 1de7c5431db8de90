"""Where on the broker what stands. Ids of people stand in topics, never names: these may be `#`, or not Latin."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one box; `prefix` is the first level of all, `discovery` that of Home Assistant."""

    prefix: str
    box: str
    discovery: str

    @property
    def root(self) -> str:
        """What all topics of the box begin with."""
        return f"{self.prefix}/{self.box}"

    @property
    def events(self) -> str:
        """Every event, once; never retained."""
        return f"{self.root}/events"

    @property
    def status(self) -> str:
        """`online`, or `offline` by the will; retained."""
        return f"{self.root}/status"

    @property
    def instance(self) -> str:
        """Which start of which box is there, a random number; retained, so that two boxes of one name notice."""
        return f"{self.root}/instance"

    @property
    def health(self) -> str:
        """How the box is; retained."""
        return f"{self.root}/state"

    @property
    def retrain(self) -> str:
        """A message here has a head trained."""
        return f"{self.root}/command/retrain"

    def camera(self, camera: str) -> str:
        """Who is at a camera now; retained."""
        return f"{self.root}/camera/{camera}/state"

    def person(self, key: str) -> str:
        """Where the person with the id `key` is; retained."""
        return f"{self.root}/person/{key}/state"

    @property
    def retained(self) -> tuple[str, ...]:
        """Filters for everything that this box may have left on the broker, to be removed where it holds no more."""
        entities = f"{self.discovery}/+/{self.node}/+/config"
        return (f"{self.root}/camera/+/state", f"{self.root}/person/+/state", entities)

    @property
    def node(self) -> str:
        """What Home Assistant calls the box in topics of discovery and in ids of entities."""
        return f"twinface_{self.box}"

    def entity(self, component: str, key: str) -> str:
        """Where an entity is announced to Home Assistant; retained."""
        return f"{self.discovery}/{component}/{self.node}/{key}/config"

    @property
    def home_assistant_status(self) -> str:
        """Where Home Assistant says `online` when it has started."""
        return f"{self.discovery}/status"
