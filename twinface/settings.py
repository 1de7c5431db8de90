"""config/pipeline.toml as checked models: an unknown key is an error that names its line and the nearest known one."""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from twinface.errors import SettingsError
from twinface.packaged import packaged_path

CONFIG_VARIABLE = "TWINFACE_CONFIG"
"""Environment variable with the path of the configuration; `twinface up` sets it for the processes."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class CameraSettings(_Section):
    """One `[[camera]]`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    source: Annotated[str, Field(min_length=1)]
    loop: bool = False
    lossless: bool = False
    picture_seconds: Positive = 3.0
    picture_fps: Positive = 5.0


class DetectionSettings(_Section):
    """`[detection]`."""

    score_threshold: Fraction = 0.6
    max_side_px: Annotated[int, Field(ge=64)] = 640
    min_face_px: Annotated[int, Field(ge=1)] = 24


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
    false_accept_rate: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.001
    threshold: Fraction | None = None
    margin: Fraction = 0.1
    best_k: Count = 3
    vote_score: Fraction = 0.8
    vote_share: Fraction = 0.85
    agreeing_looks: Count = 2
    max_looks: Count = 8
    stream_deadline_s: Positive = 5.0

    @field_validator("threshold", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class EventSettings(_Section):
    """`[events]`."""

    path: Path | None = None
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 30.0
    cool_down_s: Annotated[float, Field(ge=0.0)] = 300.0
    unknown_stays_s: Positive = 30.0
    kept_looks: Annotated[int, Field(ge=0, le=1000)] = 8

    @field_validator("path", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("path")
    @classmethod
    def _expand_home(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()


class StrangerSettings(_Section):
    """`[strangers]`."""

    count: Annotated[int, Field(ge=0, le=10_000)] = 100
    keep_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = 14.0


class WebSettings(_Section):
    """`[web]`."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    preview_fps: Positive = 8.0
    preview_width_px: Annotated[int, Field(ge=64, le=1920)] = 640


class Settings(_Section):
    """The whole file. `network`, `gallery` and `head` are also the defaults of the commands."""

    network: str = "sface"
    gallery: Path = Path("~/.local/share/twinface/gallery")
    store_crops: bool = False
    head: Path | None = None
    run_directory: Path | None = None
    camera: Annotated[tuple[CameraSettings, ...], Field(max_length=16)] = ()
    detection: DetectionSettings = DetectionSettings()
    tracking: TrackingSettings = TrackingSettings()
    extractor: ExtractorSettings = ExtractorSettings()
    matching: MatchingSettings = MatchingSettings()
    events: EventSettings = EventSettings()
    strangers: StrangerSettings = StrangerSettings()
    web: WebSettings = WebSettings()

    @field_validator("head", "run_directory", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("gallery", "head", "run_directory")
    @classmethod
    def _expand_home(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @property
    def events_path(self) -> Path:
        """The database of events."""
        return self.events.path or self.gallery.with_name("events.sqlite")

    @model_validator(mode="after")
    def _camera_names_differ(self) -> "Settings":
        names = [camera.name for camera in self.camera]
        if len(set(names)) < len(names):
            raise ValueError(f"two cameras have the same name, of {', '.join(names)}")
        return self


def default_config_path() -> Path:
    """The file named by TWINFACE_CONFIG, else ./config/pipeline.toml, else the one that came with the package."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    local = Path("config/pipeline.toml")
    return local if local.is_file() else packaged_path("config/pipeline.toml")


def load_settings(path: Path | None = None) -> Settings:
    """Read and check a configuration file, by default `default_config_path()`.

    Raises SettingsError with file, line and mend: unreadable file, bad TOML, unknown key, wrong type, out of range.
    """
    path = path or default_config_path()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        mend = f"name another with --config or {CONFIG_VARIABLE}"
        raise SettingsError(f"{path}: cannot be read ({error}); {mend}") from error
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except pydantic.ValidationError as error:
        raise SettingsError(_explain(error, text, path)) from error


def _explain(error: pydantic.ValidationError, text: str, path: Path) -> str:
    """The first mistake as one line: file, line number, what is wrong, the mend."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    location = tuple(first["loc"])
    dotted = ".".join(str(part) for part in location)
    where = f"{path}:{_line_of(text, location)}"
    if first["type"] != "extra_forbidden":
        return f"{where}: {dotted or 'settings'}: {first['msg']}"
    known = _known_keys(location[:-1])
    nearest = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.6)
    mend = f"did you mean {nearest[0]!r}?" if nearest else f"known here: {', '.join(known)}"
    return f"{where}: unknown setting {dotted!r}; {mend}"


def _known_keys(section: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    for part in section:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = CameraSettings if part == "camera" else annotation
    return list(model.model_fields)


def _line_of(text: str, location: tuple[int | str, ...]) -> int:
    """Line (from 1) of a key in TOML text; of its section where the key is not written there; 1 as a last resort."""
    *parents, key = location or ("",)
    wanted = tuple(parents)
    section: tuple[int | str, ...] = ()
    tables, section_line = 0, 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([\w-]+)", line)
        if header:
            repeated = header.group(1) == "[["
            section = (header.group(2), tables) if repeated else (header.group(2),)
            tables += repeated
            if section in {wanted, location}:
                section_line = number
        elif section == wanted and re.match(rf"\s*[\"']?{re.escape(str(key))}[\"']?\s*=", line):
            return number
    return section_line
