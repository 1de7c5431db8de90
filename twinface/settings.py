"""config/pipeline.toml as checked models: an unknown key is an error that names its line and the nearest known one."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from twinface.config_file import find_installed_config, find_nearby_config, line_of, read_config
from twinface.errors import SettingsError


def _from_its_folder(value: Path, info: ValidationInfo) -> Path:
    """The path as it is meant where the file stands, not where a command is called."""
    try:
        return (info.context or Path.cwd()) / value.expanduser()
    except RuntimeError as error:
        raise ValueError(f"nobody's home is {value.parts[0]}") from error


def _source(value: str, info: ValidationInfo) -> str:
    """A camera's source; a webcam's number and a URL stay as they are."""
    return value if value.isdecimal() or "://" in value else str(_from_its_folder(Path(value), info))


def _network(value: str, info: ValidationInfo) -> str:
    """A network's name, or its folder: what has a slash in it, or has a network.json."""
    folder = _from_its_folder(Path(value), info)
    return str(folder) if "/" in value or (folder / "network.json").is_file() else value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


SettingsPath = Annotated[Path, AfterValidator(_from_its_folder)]
OptionalPath = Annotated[SettingsPath | None, BeforeValidator(_empty_is_none)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class CameraSettings(_Section):
    """One `[[camera]]`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    source: Annotated[str, Field(min_length=1), AfterValidator(_source)]
    loop: bool = False
    lossless: bool = False
    picture_seconds: Positive = 3.0
    picture_fps: Positive = 5.0
    snapshot_fps: Annotated[float, Field(ge=0.05, le=30.0)] = 2.0


class DetectionSettings(_Section):
    """`[detection]`."""

    score_threshold: Fraction = 0.6
    max_side_px: Annotated[int, Field(ge=64)] = 640
    min_face_px: Annotated[int, Field(ge=1)] = 24
    adaptive: bool = False
    enter_ms: Positive = 500.0


class TrackingSettings(_Section):
    """`[tracking]`."""

    lost_ms: Positive = 2000.0
    weak_score: Fraction = 0.4
    first_looks: Count = 4
    first_look_interval_ms: Annotated[float, Field(ge=0.0)] = 30.0
    look_wait_ms: Annotated[float, Field(ge=0.0, le=1000.0)] = 60.0
    look_interval_ms: Annotated[float, Field(ge=0.0)] = 2000.0


class ExtractorSettings(_Section):
    """`[extractor]`."""

    count: Annotated[int, Field(ge=1, le=64)] = 2
    threads: Annotated[int, Field(ge=1, le=64)] = 1


class MatchingSettings(_Section):
    """`[matching]`."""

    rule: Literal["template", "best-k", "mean", "vote"] = "template"
    strangers_named: Annotated[Share | None, BeforeValidator(_empty_is_none)] = None
    false_accept_rate: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.001
    threshold: Annotated[Fraction | None, BeforeValidator(_empty_is_none)] = None
    margin: Fraction = 0.1
    best_k: Count = 3
    vote_score: Fraction = 0.8
    vote_share: Fraction = 0.85
    agreeing_looks: Count = 2
    max_looks: Count = 8
    stream_deadline_s: Positive = 5.0


class EventSettings(_Section):
    """`[events]`."""

    path: OptionalPath = None
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 30.0
    max_mb: Annotated[float, Field(ge=1.0, le=1e6)] = 500.0
    cool_down_s: Annotated[float, Field(ge=0.0)] = 300.0
    unknown_stays_s: Positive = 30.0
    kept_looks: Annotated[int, Field(ge=0, le=1000)] = 8


class UnknownSettings(_Section):
    """`[unknowns]`."""

    count: Annotated[int, Field(ge=0, le=10_000)] = 100
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 14.0


class AverageSettings(_Section):
    """`[averages]`."""

    learn: bool = True
    path: OptionalPath = None
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 90.0


class SentinelSettings(_Section):
    """`[sentinel]`."""

    hang_s: Annotated[float, Field(ge=4.0, le=3600.0)] = 10.0
    start_s: Annotated[float, Field(ge=10.0, le=3600.0)] = 120.0


class WebSettings(_Section):
    """`[web]`."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    connections_per_client: Annotated[int, Field(ge=4, le=1024)] = 32
    preview_fps: Positive = 8.0
    preview_width_px: Annotated[int, Field(ge=64, le=1920)] = 640


class Settings(_Section):
    """The whole file. `network`, `gallery` and `head` are also the defaults of the commands."""

    network: Annotated[str, AfterValidator(_network)] = "sface"
    gallery: SettingsPath = Path("~/.local/share/twinface/gallery")
    store_crops: bool = False
    head: OptionalPath = None
    run_directory: OptionalPath = None
    camera: Annotated[tuple[CameraSettings, ...], Field(max_length=16)] = ()
    detection: DetectionSettings = DetectionSettings()
    tracking: TrackingSettings = TrackingSettings()
    extractor: ExtractorSettings = ExtractorSettings()
    matching: MatchingSettings = MatchingSettings()
    events: EventSettings = EventSettings()
    unknowns: UnknownSettings = UnknownSettings()
    averages: AverageSettings = AverageSettings()
    sentinel: SentinelSettings = SentinelSettings()
    web: WebSettings = WebSettings()

    @property
    def events_path(self) -> Path:
        """The database of events."""
        return self.events.path or self.gallery.with_name("events.sqlite")

    @property
    def averages_path(self) -> Path:
        """The file of what cameras have shown."""
        return self.averages.path or self.gallery.with_name("averages.pkl")

    @model_validator(mode="after")
    def _camera_names_differ(self) -> "Settings":
        names = [camera.name for camera in self.camera]
        if len(set(names)) < len(names):
            raise ValueError(f"two cameras have the same name, of {', '.join(names)}")
        return self


def load_settings(path: Path | None = None) -> Settings:
    """Read and check a configuration file; without `path` the nearest one, see `twinface.config_file`.

    Relative paths in it are taken from the folder that it lies in.

    Raises SettingsError with file, line and mend: unreadable file, bad TOML, unknown key, wrong type, out of range.
    """
    path = (path or (find_nearby_config() or find_installed_config()).path).absolute()
    text = read_config(path)
    try:
        return Settings.model_validate(tomllib.loads(text), context=path.parent)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except pydantic.ValidationError as error:
        raise SettingsError(_explain(error, text, path)) from error


_RENAMED = {"strangers": "unknowns"}
"""What was called otherwise before, and is not near its new name."""


def _explain(error: pydantic.ValidationError, text: str, path: Path) -> str:
    """The first mistake as one line: file, line number, what is wrong, the mend."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    location = tuple(first["loc"])
    dotted = ".".join(str(part) for part in location)
    where = f"{path}:{line_of(text, location)}"
    if first["type"] != "extra_forbidden":
        return f"{where}: {dotted or 'settings'}: {first['msg']}"
    known = _known_keys(location[:-1])
    renamed = [_RENAMED[dotted]] if dotted in _RENAMED else []
    nearest = renamed or difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.6)
    mend = f"did you mean {nearest[0]!r}?" if nearest else f"known here: {', '.join(known)}"
    return f"{where}: unknown setting {dotted!r}; {mend}"


def _known_keys(section: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    for part in section:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = CameraSettings if part == "camera" else annotation
    return list(model.model_fields)
