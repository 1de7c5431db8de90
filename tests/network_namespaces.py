"""A network namespace on a link of its own to this machine, for a test that cuts the link."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def linked_namespace(name: str, net: str) -> Iterator[str]:
    """A namespace called `name`, at `net`.2 with this machine at `net`.1, by veth; skips where none can be made."""
    steps = [
        f"ip netns add {name}",
        f"ip link add {name} type veth peer name inside netns {name}",
        f"ip address add {net}.1/24 dev {name}",
        f"ip link set {name} up",
        f"ip -n {name} address add {net}.2/24 dev inside",
        f"ip -n {name} link set inside up",
        f"ip -n {name} link set lo up",
    ]
    try:
        for step in steps:
            done = subprocess.run(step.split(), capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"network namespaces cannot be made here: {step}: {done.stderr.strip()}")
        yield name
    except FileNotFoundError:
        pytest.skip("needs ip, of the package iproute2")
    finally:
        subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
