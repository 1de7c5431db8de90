"""How long something takes again and again; with the standard library only, since each environment runs it."""

import json
import time
from collections.abc import Callable


def print_cost(recognise: Callable[[], int], rounds: int) -> None:
    """Warm up with one call, then measure `rounds` of them; print their times and the faces found as a JSON object."""
    recognise()
    started_s, cpu_s = time.perf_counter(), time.process_time()
    faces = sum(recognise() for _ in range(rounds))
    cpu_ms = 1000 * (time.process_time() - cpu_s) / rounds
    wall_ms = 1000 * (time.perf_counter() - started_s) / rounds
    print(json.dumps({"frames": rounds, "faces": faces, "cpu_ms": cpu_ms, "wall_ms": wall_ms}))
