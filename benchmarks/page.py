"""The page in a real browser: how old a picture is when it is drawn, and thousands of people and visits.

    .venv/bin/python benchmarks/page.py [--seconds 20]

On an idle machine with Chromium; a camera plays a 720p video of four faces, fifteen pictures a second go to the page.
Prints the milliseconds from capture to the canvas (p50, p95); what web costs with a viewer and without one; and of
5,000 made people and 20,000 made visits the first paint, the requests until then, and the longest pause while the page
scrolls.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from end_to_end import Scene, make_video
from real_pipeline import Box

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import BROWSER_NAMES, Browser

from twinface.events import Event, EventStore, Kind, Subject
from twinface.files import write_atomically
from twinface.gallery import PersonVectors, write_features
from twinface.networks import find_recipe

_PEOPLE, _VISITS = 5000, 20_000
_WATCH = """
window.ages = [];
const note = ({ target }) => ages.push(Date.now() - Number(target.dataset.capturedAtMs));
new MutationObserver((changes) => changes.forEach(note)).observe(
  document.querySelector(".frame canvas"), { attributeFilter: ["data-frame"] });
"""
_SCROLL = """
window.pauses = []; window.scrolled = false;
(() => {
  let before = performance.now(), at = 0;
  const step = (now) => {
    pauses.push(now - before);
    before = now;
    at += 400;
    scrollTo(0, at);
    scrolled = at >= Math.min(document.documentElement.scrollHeight - innerHeight, 60000);
    if (!scrolled) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})();
"""


def _write_people(folder: Path, key: bytes) -> None:
    recipe, rng = find_recipe("sface"), np.random.default_rng(0)
    vectors, quality = rng.normal(size=(_PEOPLE, 1, recipe.dimension)).astype(np.float32), np.ones(1, np.float32)
    people = [
        PersonVectors(f"Person {number:04}", (f"{number}.jpg",), own, quality, recipe.fingerprint)
        for number, own in enumerate(vectors)
    ]
    write_features(folder, people, key)


def _write_visits(path: Path) -> None:
    end_ns = time.time_ns() - 60 * 10**9
    events = []
    for number in range(_VISITS):
        since_ns = end_ns - (_VISITS - number) * 10**9
        for kind, at_ns in ((Kind.ENTER, since_ns), (Kind.EXIT, since_ns + 5 * 10**8)):
            events.append(
                Event(kind, Subject.TRACK, "door", 7, number, None, "unknown", 0.1, at_ns, since_ns, 0.5, 0.0, 1)
            )
    with EventStore(path) as store:
        store.append(events, [])


def _open(browser: Browser, url: str, until: str) -> tuple[float, int]:
    """Milliseconds until something is on the page, and the requests that took."""
    browser.open("about:blank", 1440)
    browser.open(url, 1440)
    browser.wait_until(until)
    paint = "performance.now()"
    return browser.evaluate(paint), browser.evaluate("performance.getEntriesByType('resource').length + 1")


def _share(process: psutil.Process, seconds: float) -> float:
    before = sum(process.cpu_times()[:2])
    time.sleep(seconds)
    return (sum(process.cpu_times()[:2]) - before) / seconds


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    executable = next((found for name in BROWSER_NAMES if (found := shutil.which(name))), None)
    if executable is None:
        sys.exit("needs Chromium on the PATH")
    with tempfile.TemporaryDirectory(prefix="twinface-", dir="/tmp") as name:
        folder = Path(name)
        box, browser = Box(folder), Browser(executable, folder / "browser")
        make_video(folder / "walk.mp4", Scene(seconds=20.0))
        box.configure(['name = "door"\nsource = "walk.mp4"\nloop = true'], extractors=1)
        config = folder / "pipeline.toml"
        config.write_text(config.read_text().replace("[web]", "[web]\npreview_fps = 15\npreview_width_px = 1280"))
        key = os.urandom(32)
        write_atomically(folder / "key", key)
        _write_people(folder / "gallery", key)
        _write_visits(folder / "events.sqlite")
        with box.running():
            url = json.loads((folder / "run/web.json").read_text())["url"]
            pid = next(one["pid"] for one in box.status()["processes"] if one["name"] == "web")
            web = psutil.Process(pid)
            for view, shown in (("people", ".tile"), ("history", ".visits li"), ("review", ".two, .empty")):
                took_ms, requests = _open(browser, f"{url}#/{view}", f"document.querySelector('{shown}')")
                browser.evaluate(_SCROLL)
                browser.wait_until("window.scrolled")
                pause_ms = max(browser.evaluate("pauses.slice(2)") or [0.0])
                print(f"{view}: {took_ms:.0f} ms, {requests} requests, longest pause {pause_ms:.0f} ms", flush=True)
            _open(browser, f"{url}#/live", "document.querySelector('.frame canvas[data-frame]')")
            browser.evaluate(_WATCH)
            share = _share(web, arguments.seconds)
            ages = browser.evaluate("ages")
            p50, p95 = np.percentile(ages, (50, 95))
            print(f"capture to canvas: p50 {p50:.0f}, p95 {p95:.0f} ms, {len(ages) / arguments.seconds:.1f} a second")
            browser.call("Page.navigate", url="about:blank")
            time.sleep(2.0)
            unwatched, memory_mb = _share(web, arguments.seconds), web.memory_info().rss / 1e6
            print(f"web: {share:.3f} cores watched, {unwatched:.4f} not; {memory_mb:.0f} MB")
        browser.close()


if __name__ == "__main__":
    main()
