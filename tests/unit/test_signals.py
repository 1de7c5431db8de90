import io
import signal

import pytest

from twinface.signals import stop_on_signal


class _AsksWhenClosed(io.RawIOBase):
    """A file at whose end a signal comes."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def close(self) -> None:
        if not self.closed:
            signal.raise_signal(self.number)
        super().close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_wherever_it_comes(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signal() as stop_asked:
        assert not stop_asked()
        _AsksWhenClosed(number)  # and nobody holds it: what is raised in its `close` is lost
        assert stop_asked()
    assert signal.getsignal(number) == before


def test_a_signal_that_was_ignored_is_heard() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_on_signal() as stop_asked:
            signal.raise_signal(signal.SIGINT)
            assert stop_asked()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
