"""Cameras of the network that speak ONVIF: found by WS-Discovery, and asked for the addresses of their streams."""

import asyncio
import logging
import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twinface.errors import InputError, MissingExtraError

_INSTALL = "pip install 'twinface[onvif]'"
_SCOPE = re.compile(r"^onvif://www\.onvif\.org/(name|hardware)/(.+)$")
_TRANSMITTER = ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
_STREAM = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
_ANSWER_WITHIN_S = 15.0
_ODD_ANSWERS = (AttributeError, LookupError, TypeError, ValueError)
"""What the client raises where an answer lacks what the standard demands."""


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that has answered: what it calls itself, and where its ONVIF service is."""

    name: str
    hardware: str
    address: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A stream of a camera: `source` is its address as the camera gives it, without a login."""

    name: str
    encoding: str
    width_px: int
    height_px: int
    source: str


def find_onvif_cameras(timeout_s: float) -> list[FoundCamera]:
    """Who answers to a probe of WS-Discovery on the local network within so long, by address.

    Raises MissingExtraError, and InputError where there is no network to ask.
    """
    try:
        from wsdiscovery import QName
        from wsdiscovery.discovery import ThreadedWSDiscovery
    except ImportError as error:
        raise MissingExtraError(f"cameras of the network are not looked for; {_INSTALL}") from error
    logging.getLogger("threading").setLevel(logging.ERROR)  # it warns of interfaces without multicast
    discovery = ThreadedWSDiscovery()
    try:
        discovery.start()
        services = discovery.searchServices(types=[QName(*_TRANSMITTER)], timeout=timeout_s)
        return sorted({_found(service) for service in services if service.getXAddrs()}, key=lambda one: one.address)
    except OSError as error:
        raise InputError(f"the network cannot be asked for cameras ({error.strerror}); look at its settings") from error
    finally:
        discovery.stop()


def _found(service: Any) -> FoundCamera:
    said = [match for scope in service.getScopes() if (match := _SCOPE.match(scope.getValue()))]
    texts = {match[1]: urllib.parse.unquote(match[2]) for match in said}
    # One address in IPv4, if there is one: that is what streams are asked for by.
    address = min(service.getXAddrs(), key=lambda one: "[" in one)
    return FoundCamera(texts.get("name", ""), texts.get("hardware", ""), address)


def ask_profiles(camera: FoundCamera, user: str, password: str) -> list[Profile]:
    """The streams of a camera, as it lists them.

    Raises InputError where it refuses the login, does not answer, or not in ONVIF; MissingExtraError.
    """
    try:
        import aiohttp
        import onvif
        import zeep.exceptions
    except ImportError as error:
        raise MissingExtraError(f"cameras of the network cannot be asked; {_INSTALL}") from error
    try:
        return asyncio.run(asyncio.wait_for(_profiles(onvif, camera, user, password), _ANSWER_WITHIN_S))
    except TimeoutError as error:
        raise InputError(f"no answer within {_ANSWER_WITHIN_S:g} s; look whether it is on") from error
    except (onvif.ONVIFError, zeep.exceptions.Error, aiohttp.ClientError, OSError, *_ODD_ANSWERS) as error:
        refused = "authori" in str(error).lower()
        mend = "look at --login" if refused else "look whether ONVIF is switched on in the camera"
        what = "it does not take this login" if refused else f"no answer in ONVIF ({type(error).__name__})"
        raise InputError(f"{what}; {mend}") from error


async def _profiles(onvif: Any, camera: FoundCamera, user: str, password: str) -> list[Profile]:
    parts = urllib.parse.urlsplit(camera.address)
    device = onvif.ONVIFCamera(parts.hostname, parts.port or 80, user, password, adjust_time=True)
    try:
        await device.update_xaddrs()
        media = await device.create_media_service()
        found = []
        for one in await media.GetProfiles():
            answer = await media.GetStreamUri({"StreamSetup": _STREAM, "ProfileToken": one.token})
            video = one.VideoEncoderConfiguration
            if video is None:
                found.append(Profile(one.Name, "", 0, 0, answer.Uri))
            else:
                width_px, height_px = video.Resolution.Width, video.Resolution.Height
                found.append(Profile(one.Name, video.Encoding, width_px, height_px, answer.Uri))
        return found
    finally:
        await device.close()


def with_login(source: str, login: str) -> str:
    """The address of a stream with a login, USER:${VARIABLE}, in it; without one as it is."""
    scheme, separator, rest = source.partition("://")
    return f"{scheme}{separator}{login}@{rest}" if login else source


def camera_table(name: str, source: str) -> Sequence[str]:
    """Lines of a [[camera]] table to paste; letters that a name may not have become -."""
    allowed = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:32] or "camera"
    quoted = source.replace("\\", "\\\\").replace('"', '\\"')
    return ("[[camera]]", f'name = "{allowed}"', f'source = "{quoted}"')
