"""The configuration file: which one is used, its text, a setting's line; and what else travels with the package."""

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from twinface.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent
_IS_CHECKOUT = (_PACKAGE.parent / "pyproject.toml").is_file()

SERVICES = "services" if _IS_CHECKOUT else "twinface._packaged.services"
"""The package of the mains. Installed, it must not take a name that any other package may have, too."""

CONFIG_VARIABLE = "TWINFACE_CONFIG"
"""Environment variable with the path of the configuration; `twinface up` sets it for the processes."""

SYSTEM_VARIABLE = "TWINFACE_ETC"
"""Environment variable with the folder that stands for /etc, for systems that keep such files elsewhere."""

_FILE = "pipeline.toml"


def packaged_path(relative: str) -> Path:
    """Absolute path of `relative` ("config/pipeline.toml", "supervisord.conf").

    In a checkout or an editable install the files stand beside the package; a wheel carries them inside it.
    """
    return _PACKAGE.parent / relative if _IS_CHECKOUT else _PACKAGE / "_packaged" / relative


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration and how it was found: "--config", "$TWINFACE_CONFIG", "the current folder", …"""

    path: Path
    found: str


def find_nearby_config() -> ConfigFile | None:
    """The file that $TWINFACE_CONFIG names, else ./pipeline.toml, else ./config/pipeline.toml; None without any."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return ConfigFile(Path(named).expanduser().absolute(), f"${CONFIG_VARIABLE}")
    here = Path.cwd()
    return _first([ConfigFile(here / _FILE, "the current folder"), ConfigFile(here / "config" / _FILE, "./config")])


def find_installed_config() -> ConfigFile:
    """~/.config/twinface/pipeline.toml, else /etc/twinface/pipeline.toml, else the one that came with the package."""
    mine = platformdirs.user_config_path("twinface") / _FILE
    system = Path(os.environ.get(SYSTEM_VARIABLE) or "/etc") / "twinface" / _FILE
    packaged = ConfigFile(packaged_path(f"config/{_FILE}"), "the package, there being no other")
    return _first([ConfigFile(mine, "your own"), ConfigFile(system, "the system's")]) or packaged


def config_in_use() -> Path:
    """The file that settings are read from where none is named."""
    return (find_nearby_config() or find_installed_config()).path.absolute()


def _first(places: list[ConfigFile]) -> ConfigFile | None:
    """os.path.isfile, because Path.is_file raises where a folder on the way is closed to this user."""
    return next((place for place in places if os.path.isfile(place.path)), None)  # noqa: PTH113


def read_config(path: Path) -> str:
    """The text of a configuration, without the mark that some editors put before UTF-8.

    Raises SettingsError when the file cannot be read or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        mend = f"name another with --config or {CONFIG_VARIABLE}"
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); {mend}") from error
    try:
        if b"\0" in data:  # UTF-16 without a mark, which ASCII letters make valid UTF-8
            raise UnicodeError
        return data.decode("utf-8-sig")
    except UnicodeError as error:
        raise SettingsError(f"{path}: not written as UTF-8; save it as UTF-8 in your editor") from error


def line_of(text: str, location: tuple[int | str, ...]) -> int:
    """Line (from 1) of a key in TOML text; of its section where the key is not written there; 1 as a last resort."""
    section: tuple[int | str, ...] = ()
    tables, section_line = Counter[str](), 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([\w-]+)", line)
        if header:
            repeated = header.group(1) == "[["
            section = (header.group(2), tables[header.group(2)]) if repeated else (header.group(2),)
            tables[header.group(2)] += repeated
            if section in {location[:-1], location, (*location, 0)}:
                section_line = number
        elif location[: len(section)] == section:
            written = _written_of(line, location[len(section) :])
            if written and written == len(location) - len(section):
                return number
            section_line = number if written else section_line
    return section_line


def _written_of(line: str, names: tuple[int | str, ...]) -> int:
    """How many of these names the line is a key of: `web.port = 1` and `web = {port = 1}` are of web and port."""
    for count in range(len(names), 0, -1):
        key = r"\s*\.\s*".join(rf"[\"']?{re.escape(str(name))}[\"']?" for name in names[:count])
        if re.match(rf"\s*{key}\s*=", line):
            return count
    return 0
