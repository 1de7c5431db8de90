"""Cameras are found by a real probe on the network, and asked by a real client of ONVIF."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from twinface.discovery.onvif_cameras import camera_table
from twinface.discovery.webcams import list_webcams
from twinface.settings_file import load_settings

pytest.importorskip("wsdiscovery", reason="needs the onvif extra")

_RESPONDER = """
import sys
from wsdiscovery import QName, Scope, threaded
from wsdiscovery.publishing import ThreadedWSPublishing

def no_ipv6(observer):
    raise OSError("its thread for IPv6 dies of answers to IPv4")

threaded.NetworkingThreadIPv6 = no_ipv6
one = ThreadedWSPublishing()
one.start()
kind = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
names = [Scope(f"onvif://www.onvif.org/{name}") for name in ("name/Front%20Door", "hardware/IPC-1", "location/x")]
one.publishService(types=[kind], scopes=names, xAddrs=[sys.argv[1]])
print("there", flush=True)
sys.stdin.read()
"""

_ENVELOPE = """<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:d="http://www.onvif.org/ver10/device/wsdl" xmlns:m="http://www.onvif.org/ver10/media/wsdl"
 xmlns:t="http://www.onvif.org/ver10/schema" xmlns:e="http://www.onvif.org/ver10/error"><s:Body>{}</s:Body></s:Envelope>"""
_REFUSED = """<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>e:NotAuthorized</s:Value></s:Subcode>
</s:Code><s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text></s:Reason></s:Fault>"""
_ANSWERS = {
    "GetSystemDateAndTime": """<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime><t:DateTimeType>NTP</t:DateTimeType>
<t:DaylightSavings>false</t:DaylightSavings><t:UTCDateTime><t:Time><t:Hour>1</t:Hour><t:Minute>2</t:Minute>
<t:Second>3</t:Second></t:Time><t:Date><t:Year>2026</t:Year><t:Month>1</t:Month><t:Day>2</t:Day></t:Date>
</t:UTCDateTime></d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>""",
    "GetServices": """<d:GetServicesResponse><d:Service><d:Namespace>http://www.onvif.org/ver10/media/wsdl</d:Namespace>
<d:XAddr>{address}</d:XAddr><d:Version><t:Major>2</t:Major><t:Minor>0</t:Minor></d:Version></d:Service>
</d:GetServicesResponse>""",
    "GetProfiles": """<m:GetProfilesResponse><m:Profiles token="p1" fixed="true"><t:Name>main</t:Name>
<t:VideoEncoderConfiguration token="v1"><t:Name>v</t:Name><t:UseCount>1</t:UseCount><t:Encoding>H264</t:Encoding>
<t:Resolution><t:Width>1920</t:Width><t:Height>1080</t:Height></t:Resolution><t:Quality>5</t:Quality>
</t:VideoEncoderConfiguration></m:Profiles></m:GetProfilesResponse>""",
    "GetStreamUri": """<m:GetStreamUriResponse><m:MediaUri><t:Uri>rtsp://192.168.1.20:554/main</t:Uri>
<t:InvalidAfterConnect>false</t:InvalidAfterConnect><t:InvalidAfterReboot>false</t:InvalidAfterReboot>
<t:Timeout>PT0S</t:Timeout></m:MediaUri></m:GetStreamUriResponse>""",
}


class _OnvifHandler(BaseHTTPRequestHandler):
    """A camera that takes the user admin only, and as ONVIF says: by a digest in the header of the envelope."""

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = re.search(r"<(?:[\w-]+:)?Body>\s*<(?:[\w-]+:)?(\w+)", body)
        asked = found[1] if found else ""
        address = f"http://127.0.0.1:{self.server.server_address[1]}/onvif/media"
        known = asked == "GetSystemDateAndTime" or re.search(r"<(?:[\w-]+:)?Username>admin</", body)
        answer = _ANSWERS[asked].replace("{address}", address) if known else _REFUSED
        data = _ENVELOPE.format(answer).encode()
        self.send_response(200 if known else 400)
        self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def camera() -> Iterator[str]:
    """The address of an ONVIF camera that answers to probes on this network."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _OnvifHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}/onvif/device_service"
        command = [sys.executable, "-c", _RESPONDER, address]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as responder:
            assert responder.stdout is not None
            assert responder.stdout.readline() == "there\n"
            yield address
            responder.communicate()
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(camera: str, twinface: Callable[..., tuple[int, str, str]]) -> Callable[..., tuple[dict[str, object], str]]:
    """What `twinface cameras` finds of this camera, and what it warns of."""

    def ask(*options: str) -> tuple[dict[str, object], str]:
        code, output, errors = twinface("cameras", "--json", "--timeout", "1.5", *options)
        assert code == 0
        found = [one for one in json.loads(output)["onvif"] if one["address"] == camera]
        if not found:
            pytest.skip("no multicast on this machine: a probe of WS-Discovery reaches nobody")
        return found[0], errors

    return ask


Ask = Callable[..., tuple[dict[str, object], str]]


def test_a_camera_that_answers_is_asked_for_its_streams(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_PASSWORD", "geheim")
    found, errors = ask("--login", "admin:${DOOR_PASSWORD}")
    assert (found["name"], found["hardware"], found["problem"]) == ("Front Door", "IPC-1", "")
    assert found["profiles"] == [
        {
            "name": "main",
            "encoding": "H264",
            "width_px": 1920,
            "height_px": 1080,
            "source": "rtsp://admin:${DOOR_PASSWORD}@192.168.1.20:554/main",
        }
    ]
    assert errors == ""


def test_a_login_that_is_refused_is_said_for_that_camera(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_PASSWORD", "geheim")
    found, _ = ask("--login", "nobody:${DOOR_PASSWORD}")
    assert found["profiles"] == []
    assert found["problem"] == "it does not take this login; look at --login"


def test_a_variable_that_is_not_set_is_refused(twinface: Callable[..., tuple[int, str, str]]) -> None:
    code, _, errors = twinface("cameras", "--login", "admin:${NOBODY_SET_THIS}")
    assert (code, "${NOBODY_SET_THIS} is not set" in errors) == (2, True)


def test_a_password_on_the_command_line_is_refused(twinface: Callable[..., tuple[int, str, str]]) -> None:
    code, _, errors = twinface("cameras", "--login", "admin:geheim")
    assert (code, "seen by everybody" in errors, "geheim" in errors) == (2, True, False)


def test_what_is_to_be_pasted_is_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.toml"
    path.write_text("\n".join(camera_table('Tür "1" / Süd', "rtsp://a:${file:/x}@[fe80::1]/m?x=\\")))
    (camera,) = load_settings(path).camera
    assert (camera.name, camera.source) == ("T-r-1-S-d", "rtsp://a:${file:/x}@[fe80::1]/m?x=\\")


def test_what_is_no_webcam_is_said(tmp_path: Path) -> None:
    (tmp_path / "video0").write_bytes(b"no device")
    (tmp_path / "video1").symlink_to(tmp_path / "gone")
    no_device, gone = list_webcams(tmp_path)
    assert no_device.problem.startswith("no answer of Video4Linux")
    assert gone.problem == "No such file or directory"


def test_without_the_extra_webcams_are_listed_and_the_rest_is_one_line(
    twinface: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wsdiscovery", None)
    code, output, errors = twinface("cameras", "--json")
    assert (code, json.loads(output)["onvif"]) == (0, [])
    assert errors == "warning: cameras of the network are not looked for; pip install 'twinface[onvif]'\n"
