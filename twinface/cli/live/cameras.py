"""`twinface cameras`: which cameras there are, and what to write into the configuration."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.console import say, say_json, shown_status, warn
from twinface.cli.shared_options import JsonOption
from twinface.errors import InputError, UserError
from twinface.text import PLACEHOLDER, mask_address

if TYPE_CHECKING:
    from twinface.discovery.onvif_cameras import FoundCamera
    from twinface.discovery.webcams import Webcam


def cameras(
    source: Annotated[
        str | None, typer.Argument(metavar="[SOURCE]", help="A source to try instead, such as a URL or 0.")
    ] = None,
    *,
    login: Annotated[
        str,
        typer.Option("--login", metavar="USER:PASSWORD", help="For ONVIF; PASSWORD is ${VARIABLE} or ${file:PATH}."),
    ] = "",
    timeout: Annotated[float, typer.Option("--timeout", min=0.5, max=60.0, help="Seconds to wait for cameras.")] = 3.0,
    as_json: JsonOption = False,
) -> None:
    """List the webcams of this machine and the ONVIF cameras of the network, each with the table to paste.

    With --login, 'admin:${DOOR_PASSWORD}' with the quotes, each ONVIF camera is asked for the addresses of its streams;
    the password stays where it is. With a source it is opened for real: exit code 2, with the reason, where it gives no
    picture. Cameras of the network take the extra: pip install 'twinface[onvif]'.
    """
    if login and not PLACEHOLDER.search(login):
        raise InputError("--login: a password there is seen by everybody; write USER:${VARIABLE} or USER:${file:PATH}")
    if source is not None:
        _try(source, as_json=as_json)
        return
    from twinface.discovery.webcams import list_webcams

    webcams = list(list_webcams())
    with shown_status("asking the network"):
        found = _ask_network(timeout, login)
    if as_json:
        say_json("cameras", {"tried": None, "webcams": [_plain(one) for one in webcams], "onvif": found})
        return
    for webcam in webcams:
        _say_webcam(webcam)
    for one in found:
        _say_onvif(one)
    if not webcams and not found:
        say("# no camera was found; try one by its address: twinface cameras rtsp://HOST/PATH")


def _try(source: str, *, as_json: bool) -> None:
    from twinface.doctor.examine import try_source

    with shown_status("waiting for a picture"):
        says = try_source(source)
    shown = mask_address(source)
    if as_json:
        say_json("cameras", {"tried": {"source": shown, "says": says}, "webcams": [], "onvif": []})
        return
    if shown != source:
        warn("the password is not repeated here: keep it in a variable, as in rtsp://USER:${DOOR_PASSWORD}@HOST/PATH")
    say(f"# {says}")
    _say_table("camera", shown)


def _say_webcam(webcam: "Webcam") -> None:
    say(f"# {webcam.device}: {webcam.problem or _formats(webcam)}")
    if not webcam.problem:
        _say_table(webcam.name, webcam.device)


def _say_onvif(camera: dict[str, Any]) -> None:
    says = camera["problem"] or "its streams:"
    say(f"# {camera['name'] or 'a camera'} {camera['hardware']} at {camera['address']}: {says}")
    for profile in camera["profiles"]:
        say(f"# {profile['name']}: {profile['encoding']} {profile['width_px']}x{profile['height_px']}")
        several = len(camera["profiles"]) > 1  # no two cameras of a configuration have one name
        _say_table(f"{camera['name'][:20]} {profile['name']}" if several else camera["name"], profile["source"])


def _say_table(name: str, source: str) -> None:
    from twinface.discovery.onvif_cameras import camera_table

    for line in (*camera_table(name, source), ""):
        say(line)


def _formats(webcam: "Webcam") -> str:
    sizes = {code: max(sizes, default=None) for code, sizes in webcam.formats.items()}
    shown = ", ".join(f"{code} up to {size[0]}x{size[1]}" if size else code for code, size in sizes.items())
    return f"{webcam.name}, {shown or 'no format'}"


def _plain(webcam: "Webcam") -> dict[str, Any]:
    formats = {code: [list(size) for size in sizes] for code, sizes in webcam.formats.items()}
    return {**asdict(webcam), "formats": formats}


def _ask_network(timeout_s: float, login: str) -> list[dict[str, Any]]:
    """The ONVIF cameras, JSON-ready; what keeps them from being found is only warned of.

    Raises InputError where nothing stands for a placeholder of the login.
    """
    from twinface.discovery.onvif_cameras import find_onvif_cameras
    from twinface.placeholders import fill_in

    user, _, password = login.partition(":")
    filled = fill_in(user), fill_in(password)
    try:
        return [_described(one, login, *filled) for one in find_onvif_cameras(timeout_s)]
    except UserError as error:
        warn(error)
        return []


def _described(camera: "FoundCamera", login: str, user: str, password: str) -> dict[str, Any]:
    from twinface.discovery.onvif_cameras import ask_profiles, with_login

    described = {**asdict(camera), "profiles": [], "problem": ""}
    if not login:
        return {**described, "problem": "ask for its streams with --login 'USER:${VARIABLE}'"}
    try:
        profiles = ask_profiles(camera, user, password)
    except InputError as error:
        return {**described, "problem": str(error)}
    return {**described, "profiles": [{**asdict(one), "source": with_login(one.source, login)} for one in profiles]}
