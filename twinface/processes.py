"""THE table of processes: what each one runs, publishes and reads, how many there are, and what it may cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twinface.messages.topics import CONTROL, CROPS, HEALTH, LOOKS, MATCHES, PREVIEW, TRACKS, VECTORS, Topic
from twinface.settings import Settings


@dataclass(frozen=True, slots=True)
class Process:
    """One row; the main of a process has its name.

    `autostart` is false for what is started on request; budgets are of one process at work; it is killed when it has
    not ended `stop_within_s` after it was asked to, and may be silent `silent_times` as long as others. `is_configured`
    says whether a box has it.
    """

    name: str
    publishes: tuple[Topic, ...]
    reads: tuple[Topic, ...]
    cpu_budget_cores: float
    memory_budget_mb: int
    autostart: bool = True
    stop_within_s: int = 8
    silent_times: float = 1.0
    is_configured: Callable[[Settings], bool] = lambda _settings: True


CAMERA = Process("camera", (CROPS, TRACKS, PREVIEW, LOOKS, HEALTH), (), 0.6, 200)
EXTRACTOR = Process("extractor", (VECTORS, HEALTH), (CROPS,), 1.0, 200)
MATCHER = Process(
    "matcher",
    (MATCHES, CONTROL, HEALTH),
    (VECTORS, TRACKS, LOOKS),
    0.3,
    300,
    is_configured=lambda settings: settings.relay.matcher,
)
WEB = Process(
    "web",
    (HEALTH,),
    (MATCHES, PREVIEW, LOOKS, HEALTH, CONTROL),
    0.3,
    200,
    is_configured=lambda settings: settings.relay.matcher,
)
SENTINEL = Process("sentinel", (CONTROL, HEALTH), (HEALTH,), 0.1, 100)
TRAINER = Process(
    "trainer",
    (CONTROL, HEALTH),
    (),
    2.0,
    2000,
    autostart=False,
    stop_within_s=30,
    silent_times=12.0,  # building a network in TensorFlow lets no other thread in for a while
)

PICTURES = Process(
    "pictures",
    (CONTROL, HEALTH),
    (),
    1.0,
    600,
    autostart=False,
    silent_times=6.0,  # a large picture is decoded in one go
)

WEBHOOKS = Process(
    "webhooks", (HEALTH,), (), 0.1, 150, is_configured=lambda settings: bool(settings.webhook or settings.notify)
)
MQTT = Process("mqtt", (HEALTH,), (MATCHES, HEALTH), 0.1, 100, is_configured=lambda settings: bool(settings.mqtt.host))

SYNC = Process("sync", (HEALTH,), (HEALTH,), 0.1, 100, is_configured=lambda settings: bool(settings.database.url))

RELAY = Process("relay", (HEALTH,), (), 0.1, 100, is_configured=lambda settings: bool(settings.relay.listen))

CAMERAS_VARIABLE = "TWINFACE_CAMERA_NAMES"
"""Environment variable with the names of the cameras at the start of the box, for who cannot read them any more."""

PROCESSES = (CAMERA, EXTRACTOR, MATCHER, WEB, SENTINEL, TRAINER, PICTURES, WEBHOOKS, MQTT, SYNC, RELAY)


def find_process(name: str) -> Process:
    """The row of the process that is called `name` on the bus, such as "camera.front". KeyError where there is none."""
    return {process.name: process for process in PROCESSES}[name.partition(".")[0]]


def camera_names(settings: Settings) -> list[str]:
    """Names on the bus of all cameras, in the order of the configuration."""
    return [f"{CAMERA.name}.{camera.name}" for camera in settings.camera]


def extractor_names(settings: Settings) -> list[str]:
    """Names on the bus of all extractors."""
    return [f"{EXTRACTOR.name}.{number}" for number in range(settings.extractor.count)]


def heard_names(settings: Settings) -> list[str]:
    """Names on the bus of everything whose heart may be heard: what is started on request, too."""
    return [*process_names(settings), TRAINER.name, PICTURES.name]


def process_names(settings: Settings) -> list[str]:
    """Names on the bus of everything that is started by itself."""
    single = [
        process.name
        for process in (MATCHER, WEB, SENTINEL, WEBHOOKS, MQTT, SYNC, RELAY)
        if process.is_configured(settings)
    ]
    return [*camera_names(settings), *extractor_names(settings), *single]


def name_on_bus(group: str, name: str, cameras: Sequence[str]) -> str:
    """What supervisord calls `group` and `name`, such as camera and 0, on the bus, such as "camera.door"."""
    if group == CAMERA.name and int(name) < len(cameras):
        return f"{CAMERA.name}.{cameras[int(name)]}"
    return f"{group}.{name}" if group != name else name
