"""config/pipeline.toml as checked models.

What stands below a field is its meaning for people: `scripts/reference.py` makes config/pipeline.toml and the reference
of settings of it.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from twinface.setting_types import (
    TIME,
    Count,
    EventKind,
    Fraction,
    Name,
    OptionalPath,
    Positive,
    Prefix,
    Section,
    SettingsPath,
    Share,
    TcpAddress,
    box_of_host,
    elsewhere,
    empty_is_none,
    network_from,
    placed,
    require_both,
    require_differing,
    source_from,
    without_password,
)


class CameraSettings(Section):
    """One table a camera; each becomes a process."""

    name: Annotated[Name, Field(examples=["front"])]
    """Letters, digits, - and _."""
    source: Annotated[str, Field(min_length=1, examples=["0"]), AfterValidator(source_from)]
    """Webcam (0 or /dev/video0), video file, folder of pictures, or URL: a stream or a picture. ${NAME} in a URL is a
    variable of the environment, ${file:PATH} what a file holds."""
    loop: bool = False
    """File sources: start again at the end."""
    lossless: bool = False
    """File sources: nothing is dropped, the source waits for the matcher."""
    picture_seconds: Positive = 3.0
    """Folder of pictures: how long each is shown."""
    picture_fps: Positive = 5.0
    """Folder of pictures: frames a second."""
    snapshot_fps: Annotated[float, Field(ge=0.05, le=30.0)] = 2.0
    """URL of a single picture: how often a second it is asked for, 0.05…30."""
    decode_threads: Annotated[int, Field(ge=1, le=16)] = 1
    """Stream or video file, 1…16: each thread more makes pictures of a stream a frame older; 4K often takes 2."""


class DetectionSettings(Section):
    """`[detection]`."""

    score_threshold: Fraction = 0.6
    """0…1, of the YuNet detector."""
    max_side_px: Annotated[int, Field(ge=64)] = 640
    """Frames are shrunk to this long side before detection."""
    min_face_px: Annotated[int, Field(ge=1)] = 24
    """Faces narrower than this are tracked, but not recognised."""
    every: Annotated[int, Field(ge=1, le=8)] = 3
    """1…8, faces are looked for in one of so many frames where it is clear where they will be; 1 = in all."""
    adaptive: bool = True
    """While nothing moves in the picture, faces are where they were found last; false: they are looked for."""
    enter_ms: Positive = 500.0
    """Faces are looked for at least so often all the same."""


class TrackingSettings(Section):
    """`[tracking]`."""

    lost_ms: Positive = 2000.0
    """A track ends when its face was not seen for so long."""
    weak_score: Fraction = 0.4
    """0…1, detections down to this score continue a track, but begin none."""
    first_looks: Count = 4
    """Recognitions of a new track that follow each other quickly."""
    first_look_interval_ms: Annotated[float, Field(ge=0.0)] = 30.0
    """Between the first two of these, then three times as long each time."""
    look_wait_ms: Annotated[float, Field(ge=0.0, le=1000.0)] = 60.0
    """So long a better crop is waited for when one is due to be recognised."""
    look_interval_ms: Annotated[float, Field(ge=0.0)] = 2000.0
    """Between two recognitions of the same track after the first ones."""


class ExtractorSettings(Section):
    """`[extractor]`."""

    count: Annotated[int, Field(ge=0, le=64)] = 2
    """Processes; 0 where a [[peer]] has extractors for this box."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Of each."""


class MatchingSettings(Section):
    """`[matching]`."""

    rule: Literal["template", "best-k", "mean", "vote"] = "template"
    """Score with a person's fused vectors; "best-k" or "mean" of the single ones; the original rule is "vote"."""
    strangers_named: Annotated[Share | None, BeforeValidator(empty_is_none)] = None
    """0…1, share of strangers who may get any name by one look; empty = 1 in 20,000 a person, 0.002 at most."""
    false_accept_rate: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.001
    """0…1, but for "vote": the threshold that `twinface calibrate` found for it."""
    threshold: Annotated[Fraction | None, BeforeValidator(empty_is_none)] = None
    """0…1, your own instead; empty = the head's at that rate, else what strangers_named asks for."""
    margin: Fraction = 0.1
    """0…1, by which the best person has to lead the next one to be named."""
    agreeing_looks: Count = 2
    """So many looks of a track have to agree before it gets a name."""
    best_k: Count = 3
    """For "best-k": how many of a person's best scores are taken."""
    vote_score: Fraction = 0.8
    """0…1, for "vote": a vector votes for its person above this score."""
    vote_share: Fraction = 0.85
    """0…1, for "vote": share of a person's vectors that have to vote for them."""
    max_looks: Count = 8
    """Best looks of a track that are kept for the decision."""
    stream_deadline_s: Positive = 5.0
    """An ended stream is closed after so long without a sign of its last vectors."""


class EventSettings(Section):
    """`[events]`."""

    path: OptionalPath = None
    """Database of events, outlives `twinface down`; empty = events.sqlite beside the gallery."""
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 30.0
    """Older events and looks are forgotten; a clock that jumps makes nothing older."""
    max_mb: Annotated[float, Field(ge=1.0, le=1e6)] = 500.0
    """Megabytes (10⁶ bytes) that the database may hold; beyond that the oldest events go."""
    cool_down_s: Annotated[float, Field(ge=0.0)] = 300.0
    """A visit is over when a camera has not seen the person for so long."""
    unknown_stays_s: Positive = 30.0
    """An unknown face that stays in sight for so long is an event of its own."""
    kept_looks: Annotated[int, Field(ge=0, le=1000)] = 8
    """Vectors kept of each track, for `explain`, `reject`, `confirm` and `enrol`; 0 = none."""


class ReviewSettings(Section):
    """`[review]`."""

    keep_pictures_days: Annotated[float, Field(ge=0.0, le=36_500.0)] = 0.0
    """Pictures of looks stay so long in the database of events, on disk; 0 = the last 2,000, in memory only."""


class UnknownSettings(Section):
    """`[unknowns]`."""

    count: Annotated[int, Field(ge=0, le=10_000)] = 100
    """Unknown visitors that are remembered, those seen last; 0 = nobody."""
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 14.0
    """Who was not seen for so long is forgotten."""


class AverageSettings(Section):
    """`[averages]`."""

    learn: bool = True
    """Each camera's average face from who passes by: strangers are mistaken less at poor cameras."""
    path: OptionalPath = None
    """File of the faces that averages rest on; empty = averages.pkl beside the gallery."""
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 90.0
    """Who was not seen by a camera for so long counts no more; a clock that jumps ages nobody."""


class SentinelSettings(Section):
    """`[sentinel]`."""

    hang_s: Annotated[float, Field(ge=4.0, le=3600.0)] = 10.0
    """A process whose heart has not beaten for so long is ended and started again, at least 4."""
    start_s: Annotated[float, Field(ge=10.0, le=3600.0)] = 120.0
    """So long it may take from its start to its first heartbeat."""


class WebSettings(Section):
    """`[web]`."""

    host: str = "127.0.0.1"
    """Address the page listens on; another than this machine's own takes `twinface token` first."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0 = any free port."""
    certificate: OptionalPath = None
    """PEM with the page's certificate and those above it, for https; it goes with key."""
    key: OptionalPath = None
    """PEM with the certificate's key, without a password; both are read again when they are replaced."""
    connections_per_client: Annotated[int, Field(ge=4, le=1024)] = 32
    """4…1024, requests, and open pages, that a client (an address) has at a time; in all, four times as many."""
    preview_fps: Positive = 8.0
    """Frames a second on the page."""
    preview_width_px: Annotated[int, Field(ge=64, le=1920)] = 640
    """Width of the picture on the page, 64…1920."""

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> "WebSettings":
        require_both("certificate", self.certificate, "key", self.key)
        return self


class TargetSettings(Section):
    """What webhooks and notifications have in common: their name, where they lead, and which events they are about."""

    name: Annotated[Name, Field(examples=["house"])]
    """Letters, digits, - and _; what was sent is remembered by it."""
    url: Annotated[str, Field(min_length=1, examples=["https://example.org/hook"]), AfterValidator(placed)]
    """Where to; ${NAME} in it is a variable of the environment, ${file:PATH} what a file holds."""
    events: Annotated[tuple[EventKind, ...], Field(min_length=1)] = ("enter", "exit", "stayed", "two_cameras")
    """Of these kinds only: enter, update, exit, stayed, two_cameras."""
    cameras: tuple[str, ...] = ()
    """At these cameras only; empty = all."""
    people: tuple[str, ...] = ()
    """Of these people only, by name; empty = everybody, unknown ones too."""


class WebhookSettings(TargetSettings):
    """One table for each webhook: events are posted to it, and posted again until they are taken."""

    tracks: bool = False
    """Events of the tracks of single faces, too, also nameless ones; false: of people, and of unknown ones who stay."""
    secret: Annotated[str, AfterValidator(placed)] = ""
    """Base64 that what is posted is signed with, or ${NAME} or ${file:PATH} for it; empty = it is not signed."""
    allow_local: bool = False
    """Post to addresses of this machine, too, and to those that are of its link only."""


class NotifySettings(TargetSettings):
    """One table for each service that people are notified by; it takes the extra `notify`."""

    url: Annotated[str, Field(min_length=1, examples=["${NTFY_URL}"]), AfterValidator(placed)]
    """Where to, as apprise writes it, such as ntfys://TOPIC; ${NAME} is a variable of the environment, ${file:PATH}
    what a file holds."""
    events: Annotated[tuple[EventKind, ...], Field(min_length=1)] = ("enter", "stayed")
    """Of these kinds only: enter, update, exit, stayed, two_cameras."""
    first_today: bool = False
    """That a person came only where it is the first time of a day, at these cameras."""
    minutes: Annotated[float, Field(ge=0.0, le=1440.0)] = 10.0
    """0…1440, so long nothing more is said of a person, or of unknown ones at a camera."""
    quiet: Annotated[str, Field(pattern=rf"^({TIME}-{TIME})?$", description="hours such as 22:00-07:00")] = ""
    """Hours in which nothing is sent, such as 22:00-07:00, by the time where the box stands; empty = none."""
    picture: bool = False
    """With the face, where pictures are kept: [review] keep_pictures_days."""


class MqttSettings(Section):
    """`[mqtt]`."""

    host: str = ""
    """Broker that events and states go to; empty = none."""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    """Usually 8883 with tls."""
    user: str = ""
    """Empty = nobody is named."""
    password: Annotated[str, AfterValidator(elsewhere), AfterValidator(placed)] = ""
    """The user's: ${NAME} is a variable of the environment, ${file:PATH} the first line of a file."""
    tls: bool = False
    """Talk to the broker over TLS, and check its certificate."""
    ca: OptionalPath = None
    """PEM with the authority that signed the broker's certificate; empty = those that the system trusts."""
    certificate: OptionalPath = None
    """PEM with this box's own certificate, where the broker asks for one; it goes with key."""
    key: OptionalPath = None
    """PEM with that certificate's key, without a password."""
    prefix: Prefix = "twinface"
    """What all topics begin with: letters, digits, - and _, with / between levels."""
    discovery: bool = True
    """Announce entities to Home Assistant."""
    discovery_prefix: Prefix = "homeassistant"
    """Where Home Assistant looks for them."""
    double_take: bool = False
    """Also double-take/matches/NAME and double-take/cameras/CAMERA, as Double Take publishes them."""
    frigate: bool = False
    """Also frigate/tracked_object_update of type face, as Frigate publishes it."""

    @model_validator(mode="after")
    def _fits_together(self) -> "MqttSettings":
        require_both("certificate", self.certificate, "key", self.key)
        if not self.tls and (self.ca or self.certificate):
            raise ValueError("ca, certificate and key are for tls = true; set that, or none of them")
        if self.password and not self.user:
            raise ValueError("a password without a user; set user")
        return self


class DatabaseSettings(Section):
    """`[database]`."""

    url: Annotated[str, AfterValidator(without_password), AfterValidator(placed)] = ""
    """PostgreSQL that boxes share, such as postgresql://twinface:${PASSWORD}@db.example.org/twinface; empty = this box
    alone. ${NAME} is a variable of the environment, ${file:PATH} what a file holds."""
    gallery: bool = True
    """Share who is known with every box of this database."""
    events: bool = True
    """Store events there, too."""
    standby: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$", description="letters, digits, - and _")] = ""
    """Boxes with the same name here have one active matcher among them, the others stand by; empty = its own works."""

    @model_validator(mode="after")
    def _standby_has_a_database(self) -> "DatabaseSettings":
        if self.standby and not self.url:
            raise ValueError("standby takes a database that says who is active; set url")
        return self


class RelaySettings(Section):
    """`[relay]`."""

    listen: Annotated[str, Field(pattern=r"^(tcp://\S+:\d{1,5})?$", description="tcp://ADDRESS:PORT")] = ""
    """Where boxes whose key is allowed reach this one, such as tcp://0.0.0.0:7700; empty = nowhere."""
    matcher: bool = True
    """This box puts names to faces; false: it only lends its extractors to others, and has no page."""


class PeerSettings(Section):
    """One table for each box whose crops this one takes on, or whose extractors work for it."""

    name: Annotated[Name, Field(examples=["cellar"])]
    """By which it is on the list of `twinface keys`."""
    address: Annotated[TcpAddress, Field(examples=["tcp://192.0.2.7:7700"])]
    """Where its [relay] listens."""
    crops: tuple[Name, ...] = ()
    """Cameras of it whose crops the extractors of this box take on."""
    extractors: Annotated[int, Field(ge=0, le=64)] = 0
    """0…64, extractors of it whose vectors the matcher of this box takes."""


class Settings(Section):
    """The whole file. `network`, `gallery` and `head` are also the defaults of the commands."""

    box: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$", description="64 letters, digits, - and _ at most")] = ""
    """This box among others: letters, digits, - and _; empty = the host's name. No two boxes of a broker share one."""
    network: Annotated[str, AfterValidator(network_from)] = "sface"
    """Feature network: a bundled name or one in the assets, or a folder with network.json."""
    gallery: SettingsPath = Path("~/.local/share/twinface/gallery")
    """Who is known; filled by `twinface gallery add`; or features, to read only."""
    store_crops: bool = False
    """Keep the aligned crops of enrolled faces in it; false: no picture of anybody is stored."""
    head: OptionalPath = None
    """Folder of a trained head; empty = the bundled one for the network, else cosine."""
    run_directory: OptionalPath = None
    """Sockets, locks, logs, books; empty = systemd's, $XDG_RUNTIME_DIR/twinface or /tmp/twinface-UID."""
    camera: Annotated[tuple[CameraSettings, ...], Field(max_length=16)] = ()
    detection: DetectionSettings = DetectionSettings()
    tracking: TrackingSettings = TrackingSettings()
    extractor: ExtractorSettings = ExtractorSettings()
    matching: MatchingSettings = MatchingSettings()
    events: EventSettings = EventSettings()
    review: ReviewSettings = ReviewSettings()
    unknowns: UnknownSettings = UnknownSettings()
    averages: AverageSettings = AverageSettings()
    sentinel: SentinelSettings = SentinelSettings()
    web: WebSettings = WebSettings()
    webhook: Annotated[tuple[WebhookSettings, ...], Field(max_length=16)] = ()
    notify: Annotated[tuple[NotifySettings, ...], Field(max_length=16)] = ()
    mqtt: MqttSettings = MqttSettings()
    database: DatabaseSettings = DatabaseSettings()
    relay: RelaySettings = RelaySettings()
    peer: Annotated[tuple[PeerSettings, ...], Field(max_length=32)] = ()

    @property
    def box_name(self) -> str:
        """What others know this box by: `box`, else the host's name without its domain."""
        return self.box or box_of_host()

    @property
    def events_path(self) -> Path:
        """The database of events."""
        return self.events.path or self.gallery.with_name("events.sqlite")

    @property
    def averages_path(self) -> Path:
        """The file of what cameras have shown."""
        return self.averages.path or self.gallery.with_name("averages.pkl")

    @property
    def keys_path(self) -> Path:
        """The folder of the box's key and of the list of those that it lets in."""
        return self.gallery.with_name("keys")

    @property
    def extractors_of_all(self) -> int:
        """Extractors that work for this box, here and on others."""
        return self.extractor.count + sum(peer.extractors for peer in self.peer)

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        if not self.relay.matcher and self.camera:
            raise ValueError("[relay] matcher = false is for a box without cameras: nobody would name their faces")
        if not self.extractors_of_all:
            raise ValueError("extractor.count = 0 takes a [[peer]] with extractors")
        require_differing("cameras", [one.name for one in self.camera])
        require_differing("webhooks", [one.name for one in self.webhook])
        require_differing("notifications", [one.name for one in self.notify])
        require_differing("peers", [one.name for one in self.peer])
        return self
