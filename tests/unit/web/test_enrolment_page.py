"""Enrol in a real browser: its camera, a picture that cannot be read, and a login that ends in between."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import Browser, open_browser
from pictures_site import PicturesSite

from twinface.faces.formats import reads_heic
from twinface.web.tokens import TOKEN_VARIABLE, Role, make_token

_HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(1000)


@pytest.fixture
def before_a_camera(tmp_path: Path, portraits: Path) -> Iterator[Browser]:
    """A browser whose camera sees somebody."""
    seen = tmp_path / "camera.mjpeg"
    face = cv2.resize(np.asarray(cv2.imread(str(portraits / "impostor_1.jpg")), np.uint8), (480, 480))
    frame = cv2.copyMakeBorder(face, 0, 0, 80, 80, cv2.BORDER_REPLICATE)
    seen.write_bytes(cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, 95))[1].tobytes() * 20)
    browser = open_browser(
        tmp_path / "browser",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    )
    yield browser
    browser.close()


def _count(state: str, count: int) -> str:
    return f"document.querySelectorAll('.answers .{state}').length === {count}"


def _add(browser: Browser, count: int) -> None:
    browser.click(".sticky button", f"Add {count} picture")
    browser.wait_until("document.querySelector('.person h2')?.textContent === 'Zoe'")
    browser.wait_until(f"document.querySelectorAll('.enrolled li').length === {count}")


@pytest.mark.parametrize(("width_px", "height_px"), [(1440, 900), (390, 844)])
def test_what_to_do_next_is_in_sight_of_who_stands_before_a_camera_of_the_box(
    browser: Browser, pictures_site: PicturesSite, width_px: int, height_px: int
) -> None:
    browser.open(f"{pictures_site.site.url}#/enrol?name=Zoe", width_px, height_px)
    browser.click(".enrol button", "From a camera of the box")
    browser.wait_until("document.querySelector('.shot canvas') && document.querySelector('.shot button')")
    shown = "[...document.querySelectorAll('.shot [role=status], .shot button')]"
    assert max(browser.evaluate(f"{shown}.map((one) => one.getBoundingClientRect().bottom)")) < height_px
    browser.open("about:blank")


def _hint(words: str) -> str:
    return f"document.querySelector('.shot [role=status] b')?.textContent.includes({words!r})"


def test_a_camera_of_the_box_asks_for_each_pose_and_keeps_no_more_of_one_than_it_wants(
    browser: Browser, pictures_site: PicturesSite, portraits: Path
) -> None:
    front, turned = (
        cv2.resize(np.asarray(cv2.imread(str(portraits / f"person_a_{one}.jpg")), np.uint8), (480, 480))
        for one in (1, 2)
    )
    shown = {"left": cv2.flip(turned, 1), "right": turned, "front": front}
    jpegs = {pose: cv2.imencode(".jpg", picture)[1].tobytes() for pose, picture in shown.items()}
    camera = pictures_site.site.camera
    camera.jpeg = jpegs["front"]
    browser.open(f"{pictures_site.site.url}#/enrol?name=Ada")
    browser.click(".enrol button", "From a camera of the box")
    browser.wait_until("document.querySelector('.shot canvas')?.width === 480")
    browser.click(".shot button", "Start")
    browser.wait_until(_hint("to the left"))
    camera.jpeg = jpegs["left"]
    browser.wait_until(_hint("to the right"))
    camera.jpeg = jpegs["right"]
    browser.wait_until(_hint("Look up"))
    browser.wait_until("document.querySelector('.answers .refused, .answers .checking') === null")
    browser.click(".shot button", "Stop the camera")
    browser.wait_until(_count("accepted", 8))
    browser.click(".sticky button", "Add 8 pictures")
    browser.wait_until("document.querySelector('.person h2')?.textContent === 'Ada'")
    browser.open("about:blank")


def test_somebody_is_enrolled_by_the_camera_of_the_browser(
    pictures_site: PicturesSite, before_a_camera: Browser, tmp_path: Path
) -> None:
    browser, heic = before_a_camera, tmp_path / "phone.heic"
    browser.open(f"{pictures_site.site.url}#/enrol?name=Zoe")
    browser.click(".enrol button", "Take photos")
    browser.wait_until("document.querySelector('.shot video')?.currentTime > 0.5")  # the first frames may be black
    browser.click(".shot button", "Take a photo")
    browser.wait_until(_count("accepted", 1))
    heic.write_bytes(_HEIC)
    browser.choose(".drop input", heic)
    browser.wait_until(_count("refused", 1))
    said = browser.evaluate("document.querySelector('.answers .refused').textContent")
    assert ("HEIC" in said) != reads_heic()
    _add(browser, 1)
    browser.open(f"{pictures_site.site.url}#/enrol?name=Zoe")
    browser.wait_until("document.querySelector('.enrol')?.textContent.includes('Zoe is known already')")


def _log_in(browser: Browser, says: str, token: str) -> None:
    browser.wait_until(f"document.querySelector('dialog')?.textContent.includes({says!r})")
    browser.evaluate("document.querySelector('dialog input').focus()")
    browser.write(token)
    browser.click("dialog button", "Log in")
    browser.wait_until("!document.querySelector('dialog')")


def test_a_login_that_ends_in_between_loses_nothing(
    pictures_site: PicturesSite, browser: Browser, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, file, second = pictures_site.site, tmp_path / "token", tmp_path / "second.png"
    face = np.asarray(cv2.imread(str(portraits / "impostor_1.jpg")), np.uint8)
    cv2.imwrite(str(second), cv2.flip(face, 1))
    monkeypatch.setenv(TOKEN_VARIABLE, str(file))
    token = make_token(file, Role.CHANGE)
    site.stop_web()
    site.config.write_text(site.config.read_text().replace("port = 0", 'host = "0.0.0.0"\nport = 0'))
    site.start_web()
    browser.open(f"{site.url}#/enrol?name=Zoe")
    _log_in(browser, "asks for its token", token)
    browser.choose(".drop input", portraits / "impostor_1.jpg")
    browser.wait_until(_count("accepted", 1))
    token = make_token(file, Role.CHANGE, replace=True)
    browser.choose(".drop input", second)
    _log_in(browser, "Nothing is lost", token)
    browser.wait_until(_count("accepted", 2))
    _add(browser, 2)
    browser.open("about:blank")
    browser.messages.clear()
