"""How long it takes until another matcher is active: killed, stopped, or cut off from the database, again and again.

    benchmarks/standby.py postgresql://USER@HOST:PORT/DATABASE [--times 20]

Two real matchers, each of a box of its own, in network namespaces of this machine (root, iproute2). HOST in the address
is replaced by this machine's end of each link, so the server has to listen there and to trust 10.99.0.0/16.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RunDirectory

_LINK = """
    netns add {0}
    link add {0} type veth peer name inside netns {0}
    address add 10.99.{1}.1/24 dev {0}
    link set {0} up
    -n {0} address add 10.99.{1}.2/24 dev inside
    -n {0} link set inside up
"""


def ip(arguments: str, *, check: bool = True) -> None:
    """Run `ip`, of iproute2."""
    subprocess.run(["/usr/sbin/ip", *arguments.split()], check=check, capture_output=not check)


class Box:
    """A box of which only the matcher runs, in a namespace of the box's name."""

    def __init__(self, folder: Path, name: str, number: int, url: str) -> None:
        self.name, self.run = name, RunDirectory(folder / name / "run")
        self.config = folder / name / "pipeline.toml"
        for line in _LINK.format(name, number).strip().splitlines():
            ip(line)
        url = re.sub(r"(@|//)[^@/:]*:", rf"\g<1>10.99.{number}.1:", url)
        database = f'[database]\nurl = "{url}"\nstandby = "benchmark"\n'
        places = f'box = "{name}"\ngallery = "{folder}/{name}/gallery"\nrun_directory = "{self.run.path}"\n'
        self.config.write_text(places + database)
        self.start()

    def start(self) -> None:
        """Start its matcher."""
        environment = {**os.environ, "TWINFACE_CONFIG": str(self.config), "OMP_NUM_THREADS": "1"}
        command = ["/usr/sbin/ip", "netns", "exec", self.name, sys.executable, "-P", "-m", "services.matcher"]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def until(self, words: str) -> float:
        """When it was heard to say so."""
        while True:
            beat = latest_heartbeats(self.run, ["matcher"], timeout_s=0.4).get("matcher")
            if beat is not None and beat.pid == self.process.pid and words in f"{beat.state}: {beat.detail}":
                return time.monotonic()
            time.sleep(0.01)

    def lose(self, how: str) -> None:
        """What happens to it."""
        if how == "cut":
            ip(f"link set {self.name} down")
        else:
            self.process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGSTOP)

    def come_back(self, how: str) -> None:
        """Be there again, as one that stands by."""
        if how == "cut":
            ip(f"link set {self.name} up")
        self.process.kill()
        self.process.wait()
        self.start()
        self.until("stands by")


def measure(boxes: list[Box], how: str, times: int) -> None:
    """Print how long the other one took, as JSON."""
    took_s = []
    for _ in range(times):
        active, other = boxes
        began_s = time.monotonic()
        active.lose(how)
        took_s.append(other.until("running") - began_s)
        active.come_back(how)
        boxes.reverse()
    took_s.sort()
    figures = {"least_s": took_s[0], "median_s": took_s[times // 2], "most_s": took_s[-1]}
    print(json.dumps({"how": how, "times": times, **figures, "load": os.getloadavg()[0]}), flush=True)


def main() -> None:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    names = [f"tfbench{number}" for number in (1, 2)]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        boxes: list[Box] = []
        try:
            for number, name in enumerate(names, 1):
                boxes.append(Box(Path(folder), name, number, options.url))
                boxes[-1].until("running" if number == 1 else "stands by")
            for how in ("killed", "stopped", "cut"):
                measure(boxes, how, options.times)
        finally:
            for box in boxes:
                box.process.kill()
                box.process.wait()
            for name in names:
                ip(f"link delete {name}", check=False)
                ip(f"netns delete {name}", check=False)


if __name__ == "__main__":
    main()
