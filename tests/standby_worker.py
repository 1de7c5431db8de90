"""Acts while it is the active one: writes the time (ns, monotonic, of the whole machine) every few milliseconds.

python standby_worker.py URL GROUP FILE; ends with exit code 3 when it is the active one no more.
"""

import sys
import time
from pathlib import Path

from twinface.errors import ServiceError
from twinface.sharing.active_lock import ActiveLock

_EVERY_S = 0.002


def main(url: str, group: str, file: str) -> int:
    lock = ActiveLock(url, group, Path(file).stem)
    lock.start()
    with Path(file).open("a", buffering=1) as out:
        while not lock.is_active:
            time.sleep(_EVERY_S)
        try:
            while True:
                lock.check()
                out.write(f"{time.monotonic_ns()}\n")
                time.sleep(_EVERY_S)
        except ServiceError:
            return 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
