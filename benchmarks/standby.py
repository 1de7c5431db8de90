"""How long it takes until another matcher is active: killed, stopped, or cut off from the database, again and again.

    benchmarks/standby.py URL [--times 20]

URL is a PostgreSQL to which both connect. Two real matchers, each of a box of its own, are on this machine. A cut is a
rule of the firewall that drops every packet of the active one's connection (nft, root).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RunDirectory


class Box:
    """A box of which only the matcher runs."""

    def __init__(self, folder: Path, name: str, url: str) -> None:
        self.name, self.run = name, RunDirectory(folder / name / "run")
        self.config = folder / name / "pipeline.toml"
        database = f'[database]\nurl = "{url}"\nstandby = "benchmark"\n'
        places = f'box = "{name}"\ngallery = "{folder}/{name}/gallery"\nrun_directory = "{self.run.path}"\n'
        self.config.write_text(places + database)
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "TWINFACE_CONFIG": str(self.config), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-P", "-m", "services.matcher"]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def state(self) -> str:
        beat = latest_heartbeats(self.run, ["matcher"], timeout_s=0.4).get("matcher")
        return "" if beat is None or beat.pid != self.process.pid else f"{beat.state}: {beat.detail}"


def until(box: Box, words: str) -> float:
    """When a box was heard to say so."""
    while words not in box.state():
        time.sleep(0.01)
    return time.monotonic()


def cut(url: str, box: Box, *, is_cut: bool) -> None:
    """Drop what a box and the database send each other, or let it through again."""
    if not is_cut:
        subprocess.run(["nft", "delete", "table", "inet", "twinface"], check=True)
        return
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT client_port FROM pg_stat_activity WHERE application_name = %s", [f"twinface {box.name}"]
        ).fetchone()
    assert row is not None
    chains = "".join(
        f"chain {hook} {{ type filter hook {hook} priority 0; tcp dport {row[0]} drop; tcp sport {row[0]} drop; }}\n"
        for hook in ("input", "output")
    )
    subprocess.run(["nft", "-f", "-"], input=f"table inet twinface {{\n{chains}}}", text=True, check=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        boxes = [Box(Path(folder), name, options.url) for name in ("gate", "door")]
        until(boxes[0], "running")
        until(boxes[1], "stands by")
        for how in ("killed", "stopped", "cut"):
            took_s = []
            for _ in range(options.times):
                active, other = boxes
                began_s = time.monotonic()
                if how == "cut":
                    cut(options.url, active, is_cut=True)
                else:
                    active.process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGSTOP)
                took_s.append(until(other, "running") - began_s)
                if how == "cut":
                    cut(options.url, active, is_cut=False)
                else:
                    active.process.kill()
                    active.process.wait()
                    active.start()
                until(active, "stands by")
                boxes.reverse()
            took_s.sort()
            figures = {"how": how, "times": len(took_s), "least_s": took_s[0], "most_s": took_s[-1]}
            middle = took_s[len(took_s) // 2]
            print(json.dumps({**figures, "median_s": middle, "load": os.getloadavg()[0]}))
        for box in boxes:
            box.process.kill()


if __name__ == "__main__":
    main()
