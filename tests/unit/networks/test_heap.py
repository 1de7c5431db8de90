"""Memory that was freed goes back to the system."""

import subprocess
import sys

_MEASURE = """if True:
    import numpy as np
    import psutil
    from twinface.native_libraries import trim_heap

    memory = psutil.Process().memory_info
    blocks = [np.ones(8000) for _ in range(800)]  # of 64 KB: from the heap, not mapped each by itself
    last = np.ones(8000)  # lies above them, so that the heap cannot shrink from its end
    del blocks
    before = memory().rss
    trim_heap()
    print((before - memory().rss) / 1e6)
"""


def test_what_was_freed_below_something_kept_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 40.0
