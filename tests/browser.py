"""A real browser that is driven over a pipe (the Chrome DevTools protocol), with nothing to install but itself."""

import itertools
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from harness import PATIENCE_S

BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_KEY_CODES = {"Escape": 27}  # keys that the browser itself acts on
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of a headless Chromium. `messages` are the errors that its console has shown."""

    def __init__(self, executable: str, profile: Path, *options: str) -> None:
        to_read, self._to_write = os.pipe()
        self._from_read, from_write = os.pipe()
        # The protocol wants descriptors 3 and 4.
        command = f'exec "$0" "$@" 3<&{to_read} 4>&{from_write}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, executable, *_OPTIONS, *options, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_read, from_write),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(from_write)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session: str | None = None
        self.messages: list[str] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        request = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            request["sessionId"] = self._session
        os.write(self._to_write, json.dumps(request).encode() + b"\0")
        while (message := self._next_message()).get("id") != number:
            self._note(message)
        assert "error" not in message, message
        return message["result"]

    def open(self, url: str, width_px: int = 1280, height_px: int = 900, *, dark: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width_px, height=height_px, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after the other: letters, or names such as Enter."""
        for key in keys:
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
            more = {"windowsVirtualKeyCode": _KEY_CODES[key]} if key in _KEY_CODES else {}
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "", **more)

    def write(self, text: str) -> None:
        """Write into the field that has the focus."""
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, *files: Path) -> None:
        """Choose files in a file field, as its dialog does."""
        field = self.call("Runtime.evaluate", expression=f"document.querySelector({selector!r})")["result"]["objectId"]
        self.call("DOM.setFileInputFiles", objectId=field, files=[str(file) for file in files])

    def click(self, selector: str, text: str = "", timeout_s: float = 20.0) -> None:
        """Click on the first element of a selector that has a text, as soon as there is one that can be clicked."""
        all_of_them = f"[...document.querySelectorAll({selector!r})]"
        found = f"{all_of_them}.find((one) => one.textContent.includes({text!r}) && !one.disabled)"
        self.wait_until(f"((one) => one && (one.click(), true))({found})", timeout_s)

    def wait_until(self, expression: str, timeout_s: float = 20.0) -> None:
        """Wait until `expression` is true; fails with the page's text when that takes too long."""
        give_up_at_s = time.monotonic() + max(timeout_s, PATIENCE_S)
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > give_up_at_s:
                pytest.fail(
                    f"{expression} did not become true; the page says:\n{self.evaluate('document.body.innerText')}"
                )
            time.sleep(0.05)

    def close(self) -> None:
        os.close(self._to_write)
        try:
            self._process.wait(120.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from_read)

    def _next_message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._from_read, 65536)
            assert data, "the browser has ended"
            self._rest += data
        message, self._rest = self._rest.split(b"\0", 1)
        parsed: dict[str, Any] = json.loads(message)
        return parsed

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.messages.append(message["params"]["entry"]["text"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.messages.append(str(message["params"]["exceptionDetails"]))


def open_browser(profile: Path, *options: str) -> Browser:
    """The browser of this machine, with further options; the test that asks is skipped where there is none."""
    executable = next((found for name in BROWSER_NAMES if (found := shutil.which(name))), None)
    if executable is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSER_NAMES)} is on the PATH")
    return Browser(executable, profile, *options)
