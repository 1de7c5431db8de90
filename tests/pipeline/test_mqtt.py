"""A whole box on a broker: a camera's face arrives, and each side may be killed."""

import json
import os
import shutil
import signal

import pytest
from harness import Pipeline, until
from mqtt_house import Listener, Mosquitto, needs_mosquitto

from twinface import assets
from twinface.gallery.person import slug_of

pytestmark = [pytest.mark.pipeline, needs_mosquitto]


def test_a_box_tells_a_broker_who_is_there(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    pictures = pipeline.folder / "pictures"
    pictures.mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pictures)
    door = 'name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 600.0'
    with Mosquitto(pipeline.folder) as broker:
        listener = Listener(broker.port)
        pipeline.configure(door, extra=f'box = "box"\n[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}')
        pipeline.enrol("日本", portraits / "person_a_1.jpg")
        pipeline.start()
        state, person = "twinface/box/camera/door/state", f"twinface/box/person/{slug_of('日本')}/state"
        until(lambda: (listener.json(state) or {}).get("who") == "日本", 120.0, "the door's state")
        until(lambda: listener.json(person)["present"], 120.0, "the person's state")
        names = [json.loads(one.payload)["name"] for one in listener.of("twinface/box/events")]
        assert "日本" in names
        until(lambda: (listener.json("twinface/box/state") or {}).get("ok"), 120.0, "a box that is well")

        pid = pipeline.pid("mqtt")
        os.kill(pid, signal.SIGKILL)
        until(lambda: listener.last("twinface/box/status") == "offline", 120.0, "the will")
        until(lambda: listener.last("twinface/box/status") == "online", 120.0, "the process to be started again")
        assert pipeline.pid("mqtt") not in {0, pid}

        broker.kill()
        words = (
            f"127.0.0.1:{broker.port}: nothing listens there; check [mqtt] host and port, and whether the broker runs"
        )
        until(lambda: f"mqtt: waiting, {words}" in pipeline.status()["problems"], 120.0, "status to say so")
        listener.close()
    assert pipeline.stop() == 0
