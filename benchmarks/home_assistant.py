"""A real Home Assistant beside a real broker: entities appear, follow, and survive restarts of either side.

    .venv/bin/python benchmarks/home_assistant.py --venv FOLDER

Needs mosquitto and Python 3.11. Installs Home Assistant into the virtual environment in the folder where it is not
there yet, 600 MB and some minutes; at its first start it installs more. Prints what was waited for, and for how long.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from harness import until
from mqtt_house import House, Mosquitto, house, track, visit

from twinface.events import Kind
from twinface.gallery import Gallery

_PACKAGES = ("homeassistant==2024.3.3", "josepy<2")
_PROBE = '''
"""Writes every state to states.json twice a second, and presses the button that press.txt names."""

import json
from datetime import timedelta
from pathlib import Path

from homeassistant.helpers.event import async_track_time_interval


async def async_setup(hass, config):
    folder = Path(hass.config.config_dir)

    async def look(_now):
        states = {one.entity_id: [one.state, dict(one.attributes)] for one in hass.states.async_all()}
        new = folder / "states.new"
        new.write_text(json.dumps(states, default=str))
        new.replace(folder / "states.json")
        if (press := folder / "press.txt").exists():
            entity = press.read_text()
            press.unlink()
            await hass.services.async_call("button", "press", {"entity_id": entity})

    async_track_time_interval(hass, look, timedelta(seconds=0.5))
    return True
'''


class HomeAssistant:
    """A Home Assistant in a folder, which knows one broker."""

    def __init__(self, venv: Path, folder: Path, port: int) -> None:
        self._folder = folder
        self._command = [str(venv / "bin" / "hass"), "-c", str(folder)]
        probe = folder / "custom_components" / "probe"
        probe.mkdir(parents=True)
        (folder / ".storage").mkdir()
        (folder / "configuration.yaml").write_text("homeassistant:\n  name: bench\nprobe:\n")
        manifest = {"domain": "probe", "name": "probe", "version": "1.0.0", "documentation": "", "codeowners": []}
        (probe / "manifest.json").write_text(json.dumps(manifest))
        (probe / "__init__.py").write_text(_PROBE)
        broker = {"broker": "127.0.0.1", "port": port, "discovery": True, "discovery_prefix": "homeassistant"}
        entry = {"entry_id": "broker", "version": 1, "minor_version": 1, "domain": "mqtt", "title": "broker"}
        said = {"data": broker, "options": {}, "source": "user", "unique_id": None, "disabled_by": None}
        preferences = {"pref_disable_new_entities": False, "pref_disable_polling": False}
        entries = {"version": 1, "minor_version": 1, "key": "core.config_entries"}
        stored = {**entries, "data": {"entries": [{**entry, **said, **preferences}]}}
        (folder / ".storage" / "core.config_entries").write_text(json.dumps(stored))

    def start(self) -> None:
        """Start it; what it says goes to hass.log."""
        (self._folder / "states.json").unlink(missing_ok=True)
        log = (self._folder / "hass.log").open("a")
        self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        log.close()

    def stop(self) -> None:
        """Stop it as its owner does."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(120.0)

    def states(self) -> dict[str, Any]:
        """Of the entities of twinface: [state, attributes] by id."""
        try:
            found = json.loads((self._folder / "states.json").read_text())
        except FileNotFoundError:
            return {}
        return {key: value for key, value in found.items() if not key.startswith(("zone.", "persistent_", "sun."))}

    def state(self, entity: str) -> str:
        """Of one entity; "not there" where there is none."""
        return str(self.states().get(entity, ["not there"])[0])

    def press(self, entity: str) -> None:
        """Press a button."""
        (self._folder / "press.txt").write_text(entity)

    @property
    def complaints(self) -> list[str]:
        """What it logged of MQTT that is wrong."""
        lines = (self._folder / "hass.log").read_text().splitlines()
        return [line for line in lines if "mqtt" in line and ("ERROR" in line or "WARNING" in line)]


def _check(what: str, condition: Callable[[], object], timeout_s: float = 300.0) -> None:
    began_s = time.monotonic()
    until(condition, timeout_s, what)
    print(f"{time.monotonic() - began_s:6.1f} s  {what}", flush=True)


def _follows(box: House, ha: HomeAssistant) -> None:
    box.happens(track(Kind.ENTER, 1), track(Kind.ENTER, 2))
    box.happens(track(Kind.UPDATE, 1, "Ada"), visit(Kind.ENTER, "Ada"), track(Kind.UPDATE, 2))
    _is_there(ha, "who came is there")


def _is_there(ha: HomeAssistant, what: str) -> None:
    wanted = {
        "sensor.door_who_is_here": "Ada",
        "sensor.door_people": "2",
        "sensor.door_last_match": "Ada",
        "binary_sensor.door_unknown_person": "on",
        "binary_sensor.ada_present": "on",
        "device_tracker.ada_tracker": "home",
        "sensor.ada_last_seen": "2027-01-15T08:00:01+00:00",
        "sensor.ada_last_camera": "door",
    }
    _check(what, lambda: all(ha.state(entity) == state for entity, state in wanted.items()))


def _live(venv: Path, folder: Path) -> None:
    with Mosquitto(folder) as broker, house(folder, f"port = {broker.port}", start=False) as box:
        box.enrol("Ada", "Bob")
        box.start()
        ha = HomeAssistant(venv, folder / "ha", broker.port)
        ha.start()
        try:
            _check("entities appear", lambda: ha.state("sensor.door_who_is_here") == "nobody", 900.0)
            _check("who was never seen is away", lambda: ha.state("device_tracker.bob_tracker") == "not_home")
            _follows(box, ha)
            ha.stop()
            ha.start()
            _is_there(ha, "and is after Home Assistant started again")
            box.kill()
            _check("a killed process is unavailable", lambda: ha.state("sensor.door_who_is_here") == "unavailable")
            box.start()
            _is_there(ha, "and there again when it is back")
            broker.kill(signal.SIGTERM)
            _check("a broker that is gone, too", lambda: ha.state("sensor.door_who_is_here") == "unavailable")
            broker.start()
            _is_there(ha, "and there again with the broker")
            Gallery.open(box.folder / "gallery").rename("Bob", "日本")
            _check("a new name appears", lambda: "日本 Present" in str(ha.states()))
            _check("of the same entity", lambda: "日本" in str(ha.states().get("binary_sensor.bob_present")))
            Gallery.open(box.folder / "gallery").remove("日本")
            _check("who is removed goes", lambda: ha.state("binary_sensor.bob_present") == "not there")
            ha.press("button.twinface_box_retrain")
            _check("the button is heard", lambda: ha.state("sensor.twinface_box_retraining") == "failed")
            for entity, (state, _) in sorted(ha.states().items()):
                print(f"          {entity:50} {state}")
            print("complaints of Home Assistant about MQTT:", *(ha.complaints or ["none"]), sep="\n  ")
        finally:
            ha.stop()


def main() -> None:
    """Install what is missing, and see."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, required=True, help="of Home Assistant, made where it is not there")
    venv = parser.parse_args().venv.absolute()
    if not (venv / "bin" / "hass").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", *_PACKAGES], check=True)
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="twinface-ha-") as folder:
        _live(venv, Path(folder))


if __name__ == "__main__":
    main()
