import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pydantic
import pytest

from twinface.config_file import packaged_path
from twinface.errors import SettingsError
from twinface.settings import CameraSettings, NotifySettings, PeerSettings, Settings, WebhookSettings
from twinface.settings_file import load_settings

PIPELINE = packaged_path("config/pipeline.toml")
_ALL = re.sub(r"^# (?=\[\[|\w+ = )", "", PIPELINE.read_text(), flags=re.MULTILINE)
"""With the tables that are written as comments, because they would be more than defaults."""


def _fields(model: type[pydantic.BaseModel], prefix: str = "") -> dict[str, Any]:
    """Dotted name of every setting → its default."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        inner = get_args(field.annotation)[0] if isinstance(field.default, tuple) else field.annotation
        if isinstance(inner, type) and issubclass(inner, pydantic.BaseModel):
            found |= _fields(inner, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = field.default
    return found


def _written(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted name of every key of a TOML document → its value."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        inner = value[0] if isinstance(value, list) and value else value
        found |= _written(inner, f"{prefix}{name}.") if isinstance(inner, dict) else {f"{prefix}{name}": value}
    return found


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Loads settings from text; the file is called pipeline.toml."""

    def load(text: str) -> Settings:
        path = tmp_path / "pipeline.toml"
        path.write_text(text)
        return load_settings(path)

    return load


def test_every_setting_is_written_in_the_configuration_and_none_that_is_not_one() -> None:
    assert set(_written(tomllib.loads(_ALL))) == set(_fields(Settings))


def test_what_is_written_is_the_default() -> None:
    written = load_settings(PIPELINE)
    assert written.model_copy(update={"camera": ()}) == Settings()
    (camera,) = written.camera
    assert camera == CameraSettings(name=camera.name, source=camera.source)


def test_a_table_that_is_a_comment_has_the_defaults_and_an_example(load: Any) -> None:
    loaded = load(_ALL)
    (webhook,), (notify,), (peer,) = loaded.webhook, loaded.notify, loaded.peer
    assert webhook == WebhookSettings(name=webhook.name, url=webhook.url)
    assert notify == NotifySettings(name=notify.name, url=notify.url)
    assert peer == PeerSettings(name=peer.name, address=peer.address)


def test_every_setting_is_explained() -> None:
    for line in _ALL.splitlines():
        if "=" in line.partition("#")[0]:
            assert re.search(r"=\s*(\".*?\"|\[.*?\]|\S+)\s+# \S.{4,}", line), f"no comment: {line}"


def test_numbers_say_their_unit_or_range() -> None:
    """In the name, or in the comment."""
    units = r"_ms$|_px$|_fps$|_s$|_seconds$|_days$|_mb$|_frames$|_looks$|_k$|^port$|^count$|^threads$"
    comments = {name.strip(): line.partition("#")[2] for line in _ALL.splitlines() for name in [line.partition("=")[0]]}
    for name, value in _written(tomllib.loads(_ALL)).items():
        own = name.rpartition(".")[2]
        if isinstance(value, int | float) and not isinstance(value, bool) and not re.search(units, own):
            assert re.search(r"\d…\d", comments[own]), f"neither unit nor range: {name}"


def test_every_configuration_that_comes_with_the_package_is_right() -> None:
    for path in PIPELINE.parent.glob("*.toml"):
        assert load_settings(path).camera


def test_paths_are_absolute_whether_written_or_not(load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert load("").gallery == tmp_path / ".local/share/twinface/gallery"
    written = load('gallery = "~/people"\nhead = "heads/mine"\nrun_directory = "run"')
    assert (written.gallery, written.head, written.run_directory) == (
        tmp_path / "people",
        tmp_path / "heads/mine",
        tmp_path / "run",
    )
    nothing = load('head = ""\nrun_directory = ""')
    assert (nothing.head, nothing.run_directory) == (None, None)


def test_relative_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/network.json").touch()
    (tmp_path / "pipeline.toml").write_text(
        'gallery = "people"\nhead = "../head"\nrun_directory = "run"\nnetwork = "mine"\n[events]\npath = "e.sqlite"\n'
        + "".join(f'[[camera]]\nname = "c{n}"\nsource = "{source}"\n' for n, source in enumerate(SOURCES))
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    read = load_settings(Path("../pipeline.toml"))
    folder = Path("../pipeline.toml").absolute().parent
    assert folder.samefile(tmp_path)
    assert (read.gallery, read.head, read.run_directory) == (folder / "people", folder / "../head", folder / "run")
    assert (read.network, read.events.path) == (str(folder / "mine"), folder / "e.sqlite")
    assert [camera.source for camera in read.camera] == [str(folder / "door.mp4"), *SOURCES[1:]]


def test_a_network_with_a_slash_is_a_folder_and_one_without_a_name(load: Any, tmp_path: Path) -> None:
    assert load('network = "face"').network == "face"
    assert load('network = "./face"').network == str(tmp_path / "face")


def test_a_home_that_nobody_has_is_told(load: Any) -> None:
    with pytest.raises(SettingsError, match=r"pipeline\.toml:2: gallery: .*nobody's home is ~nobody-at-all"):
        load('\ngallery = "~nobody-at-all/people"')


def test_an_empty_threshold_leaves_it_to_the_head(load: Any) -> None:
    assert load('[matching]\nthreshold = ""').matching.threshold is None
    assert load("[matching]\nthreshold = 0.0").matching.threshold == 0.0


SOURCES = ("door.mp4", "0", "rtsp://user:secret@cam/1", "/dev/video0")


def _camera(**fields: str) -> str:
    lines = {"name": '"front"', "source": '"0"', **fields}
    return "[[camera]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('netwrk = "sface"', 1, "unknown setting 'netwrk'; did you mean 'network'?"),
        ("[matching]\n\n# a comment\ntreshold = 0.5", 4, "'matching.treshold'; did you mean 'threshold'?"),
        ("[strangers]\ncount = 5", 1, "unknown setting 'strangers'; did you mean 'unknowns'?"),
        (
            "[matching]\nxyz = 0.5",
            2,
            "known here: rule, strangers_named, false_accept_rate, threshold, margin, agreeing_looks",
        ),
        ("[web]\n\n[matchin]\nthreshold = 0.5", 3, "did you mean 'matching'?"),
        (_camera(sourc='"0"'), 4, "'camera.0.sourc'; did you mean 'source'?"),
        (_camera() + _camera(name='"back"', picture_fsp="5"), 7, "did you mean 'picture_fps'?"),
        ("[matching]\nthreshold = 1.5", 2, "matching.threshold: Input should be less than or equal to 1"),
        ('[matching]\nthreshold = "high"', 2, "matching.threshold: Input should be a valid number"),
        ("[matching]\nfalse_accept_rate = 0", 2, "matching.false_accept_rate: Input should be greater than 0"),
        ("[matching]\nfalse_accept_rate = 1.0", 2, "matching.false_accept_rate: Input should be less than 1"),
        ('[matching]\nrule = "median"', 2, "matching.rule: Input should be 'template', 'best-k', 'mean' or 'vote'"),
        ("[extractor]\ncount = -1", 2, "extractor.count: Input should be greater than or equal to 0"),
        ("[extractor]\ncount = 0", 1, "extractor.count = 0 takes a [[peer]] with extractors"),
        (
            '[relay]\nlisten = "0.0.0.0:7700"',
            2,
            "relay.listen: '0.0.0.0:7700' does not fit; expected tcp://ADDRESS:PORT",
        ),
        (_camera() + "[relay]\nmatcher = false", 1, "matcher = false is for a box without cameras"),
        ("[extractor]\ncount = 1.5", 2, "extractor.count: Input should be a valid integer"),
        ("[web]\nport = 70000", 2, "web.port"),
        ("[tracking]\nlook_interval_ms = nan", 2, "tracking.look_interval_ms"),
        (
            _camera(name='"front door"'),
            2,
            "camera.0.name: 'front door' does not fit; expected 1 to 32 letters, digits, - and _",
        ),
        ('[[camera]]\nname = "front"', 1, "camera.0.source: Field required"),
        (_camera() + _camera(), 1, "two cameras have the same name, of front, front"),
        ('[[webhook]]\nname = "a"\nurl = "http://a"\nevent = ["enter"]', 4, "'webhook.0.event'; did you mean 'events'"),
        (
            '[[webhook]]\nname = "a"\nurl = "http://a"\nevents = ["came"]',
            4,
            "webhook.0.events.0: Input should be 'enter'",
        ),
        ('[[webhook]]\nname = "a"\nurl = "http://a"\n' * 2, 1, "two webhooks have the same name, of a, a"),
        (
            '[[notify]]\nname = "a"\nurl = "a://a"\nquiet = "22-7"',
            4,
            "'22-7' does not fit; expected hours such as 22:00-07:00",
        ),
        ('box = "a"\n[[webhooks]]\nname = "a"', 2, "unknown setting 'webhooks'; did you mean 'webhook'?"),
        ("camera = 5", 1, "camera: Input should be a valid tuple"),
        ("web = 5", 1, "web: Input should be a valid dictionary"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_its_mend(load: Any, text: str, line: int, told: str) -> None:
    with pytest.raises(SettingsError) as mistake:
        load(text)
    message = str(mistake.value)
    assert f"pipeline.toml:{line}: " in message
    assert told in message
    assert "\n" not in message


def test_the_misspelt_name_is_told_before_what_it_leads_to(load: Any) -> None:
    with pytest.raises(SettingsError, match=r":3: unknown setting 'camera\.0\.sorce'; did you mean 'source'"):
        load('[[camera]]\nname = "front"\nsorce = "0"')


def test_what_is_no_toml_is_told_so(load: Any) -> None:
    with pytest.raises(SettingsError, match=r"not valid TOML.*line 2"):
        load("[web]\nport 8080")


def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(SettingsError, match=f"{path.name}: cannot be read.*--config"):
            load_settings(path)


def test_the_mark_that_editors_put_before_utf_8_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.toml"
    path.write_text("[web]\nport = 1\n", encoding="utf-8-sig")
    assert load_settings(path).web.port == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "latin-1"])
def test_what_is_not_utf_8_is_reported_with_the_mend(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "pipeline.toml"
    mark = "\N{ZERO WIDTH NO-BREAK SPACE}" if encoding == "utf-16-be" else ""
    path.write_text(f'{mark}gallery = "Jos\N{LATIN SMALL LETTER E WITH ACUTE}"\n', encoding=encoding)
    with pytest.raises(SettingsError, match=r"pipeline\.toml: not written as UTF-8; save it as UTF-8 in your editor$"):
        load_settings(path)
    path.write_text("store_crops = true\n", encoding="utf-16-le")
    with pytest.raises(SettingsError, match="save it as UTF-8"):
        load_settings(path)


def test_settings_do_not_change() -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings().network = "other"  # type: ignore[misc]


def test_the_box_is_called_what_is_set_or_as_its_host(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load('box = "attic"').box_name == "attic"
    hosts = {"attic.example.org": "attic", "\N{GREEK SMALL LETTER ALPHA}": "box", "a" * 70: "a" * 64}
    for host, box in hosts.items():
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        assert load("").box_name == box
