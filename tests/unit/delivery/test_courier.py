"""Events reach their webhook once it takes them: tried again, kept as dead letters, none keeping others back."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from harness import until
from sent_events import Store, make_event, webhook
from web_receiver import Receiver, receiving

from twinface.delivery.courier import Courier
from twinface.delivery.target import Target
from twinface.delivery.webhook import DELAYS_S
from twinface.events.deliveries import DeliveryState, next_due, read_deliveries, retry_deliveries
from twinface.events.event import NameSpan
from twinface.events.forgetting import forget_person
from twinface.events.outbox import Outbox, read_backlogs


@contextmanager
def bringing(path: Path, *targets: Target) -> Iterator[list[Courier]]:
    """A courier for each target, whose pauses are short, until the block ends."""
    couriers = [Courier(path, target, first_pause_s=0.001) for target in targets]
    for courier in couriers:
        courier.start()
    try:
        yield couriers
    finally:
        for courier in couriers:
            courier.stop()
            courier.join()


def quick(receiver: Receiver, *delays_s: float, **fields: Any) -> Target:
    """A webhook that tries again at once, unless said otherwise."""
    target = webhook(receiver, **fields)
    target.delays_s = delays_s or (0.001,) * 3
    return target


def begin(path: Path, *names: str) -> None:
    """What is stored from now on is for the webhooks of these names."""
    for name in names or ("house",):
        Outbox(path, f"webhook:{name}").close()


def test_all_events_come_in_their_order_and_once(path: Path, store: Store) -> None:
    before = store(make_event())
    begin(path)
    numbers = store(*(make_event(f"person {number}") for number in range(250)))
    with receiving() as receiver, bringing(path, webhook(receiver)) as (courier,):
        until(lambda: len(receiver.taken) >= 250, 20.0, "all events")
        until(lambda: read_backlogs(path)["webhook:house"].waiting == 0, 20.0, "the last to be acknowledged")
    assert receiver.taken == numbers
    assert before[0] not in receiver.taken, "what was before a webhook is not sent"
    assert len({one.headers["webhook-id"] for one in receiver.posted}) == 250
    assert courier.counts == {"delivered": 250}


def test_what_is_not_taken_is_tried_again_with_the_same_id(path: Path, store: Store) -> None:
    begin(path)
    (number,) = store(make_event())
    with receiving(statuses=[500, 429, 404]) as receiver, bringing(path, quick(receiver)):
        until(lambda: receiver.taken, 20.0, "the event")
        until(lambda: not read_deliveries(path), 20.0, "nothing to be left of it")
    assert [(one.number, one.status) for one in receiver.posted] == [
        (number, status) for status in (500, 429, 404, 204)
    ]
    assert len({one.headers["webhook-id"] for one in receiver.posted}) == 1


def test_one_that_is_refused_for_ever_keeps_no_other_back_and_is_kept(path: Path, store: Store) -> None:
    begin(path)
    refused, *others = store(*(make_event(f"person {number}") for number in range(4)))
    with receiving(refuses={refused}) as receiver, bringing(path, quick(receiver)) as (courier,):
        until(lambda: [one.state for one in read_deliveries(path)] == [DeliveryState.DEAD], 20.0, "a dead letter")
        until(lambda: receiver.taken == others, 20.0, "the others")
        assert [one.number for one in receiver.posted].count(refused) == 4
        (dead,) = read_deliveries(path)
        assert (dead.attempts, dead.error) == (4, "it answered 500 Internal Server Error")
        assert courier.counts == {"delivered": 3, "failed": 4, "dead_letters": 1}
        receiver.refuses = set()
        assert retry_deliveries(path, "webhook:yard") == 0
        assert retry_deliveries(path, "webhook:house", refused) == 1
        until(lambda: refused in receiver.taken, 20.0, "the dead letter, which somebody has had tried again")
        until(lambda: not read_deliveries(path), 20.0, "nothing to be left of it")


def test_a_webhook_is_tried_for_a_day() -> None:
    assert 0.9 < sum(DELAYS_S) / 86_400.0 < 1.1
    assert list(DELAYS_S) == sorted(DELAYS_S)


def test_a_webhook_that_hangs_or_is_not_there_keeps_no_other_back(path: Path, store: Store) -> None:
    begin(path, "house", "hangs", "gone")
    numbers = store(make_event(), make_event("Bob"))
    with ExitStack() as stack:
        receiver, hangs = stack.enter_context(receiving()), stack.enter_context(receiving(hangs=True))
        with socket.create_server(("127.0.0.1", 0)) as server:
            absent = Receiver(port=server.getsockname()[1])
        targets = webhook(receiver), webhook(hangs, name="hangs", timeout_s=1.0), webhook(absent, name="gone")
        house, _, gone = stack.enter_context(bringing(path, *targets))
        until(lambda: receiver.taken == numbers, 20.0, "the events")
        until(lambda: gone.problem == "webhook:gone: Connection refused", 20.0, "it to be said")
        assert house.problem == ""
        hangs.released.set()
        until(lambda: set(hangs.taken) == set(numbers), 20.0, "the one that hung")


def test_a_webhook_that_wants_no_more_is_left_alone_until_somebody_asks(path: Path, store: Store) -> None:
    begin(path)
    first, second = store(make_event(), make_event("Bob"))
    with receiving(status=410) as receiver:
        for _ in range(2):  # the second finds it so at its start
            with bringing(path, quick(receiver)) as (courier,):
                until(lambda: "wants no more; `twinface webhooks retry`" in courier.problem, 20.0, "it to be said")
        assert [one.number for one in receiver.posted] == [first]
        receiver.status = 200
        assert retry_deliveries(path) == 1
        with bringing(path, quick(receiver)) as (courier,):
            until(lambda: receiver.taken == [first, second], 20.0, "both")
            until(lambda: courier.problem == "", 20.0, "no problem any more")


def test_it_pauses_while_nothing_is_taken(path: Path, store: Store) -> None:
    """An attempt may take fifteen seconds, and is a log line: one that is away for a day is not asked all the time."""
    begin(path)
    store(*(make_event(f"person {number}") for number in range(30)))
    with receiving(status=500) as receiver, bringing(path, quick(receiver, 3600.0)) as (courier,):
        until(lambda: len(receiver.posted) >= 6, 20.0, "some attempts")
        assert courier.counts["failed"] <= 10
    assert len(read_deliveries(path)) == len(receiver.posted), "each a different event: none was due again"


def test_it_waits_for_as_long_as_it_is_asked_to(path: Path, store: Store) -> None:
    begin(path)
    store(make_event(), make_event("Bob"))
    with receiving(statuses=[429], headers={"Retry-After": "3000"}) as receiver, bringing(path, quick(receiver)):
        until(lambda: read_deliveries(path), 20.0, "the first attempt")
        with receiving() as other, bringing(path, quick(other, name="yard")):
            begin(path, "yard")
            store(make_event("Cy"))
            until(lambda: other.posted, 20.0, "an event that came later, elsewhere")
    assert len(receiver.posted) == 1


def test_a_forgotten_person_leaves_no_dead_letter(path: Path, store: Store) -> None:
    begin(path)
    store(make_event("Ada"), make_event("Bob"))
    with receiving(status=500) as receiver, bringing(path, quick(receiver, 3600.0)):
        until(lambda: len(read_deliveries(path)) == 2, 20.0, "both to have been tried")
        assert forget_person(path, [NameSpan("Ada")]).events == 1
        assert [one.event.name for one in read_deliveries(path)] == ["Bob"]
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (1,)
    connection.close()


def test_a_clock_that_is_put_back_makes_nobody_wait(path: Path, store: Store) -> None:
    begin(path)
    store(make_event())
    with receiving(status=500) as receiver, bringing(path, quick(receiver, 3600.0)):
        until(lambda: read_deliveries(path), 20.0, "the first attempt")
    now_ns, day_ns = time.time_ns(), 86_400 * 10**9
    assert next_due(path, "webhook:house", now_ns, day_ns) is None
    assert next_due(path, "webhook:house", now_ns + day_ns, day_ns) is not None, "an hour is over"
    assert next_due(path, "webhook:house", now_ns - 40 * day_ns, day_ns) is not None, "due in 40 days cannot be"
    assert next_due(path, "webhook:yard", now_ns + day_ns, day_ns) is None


def test_a_store_that_cannot_be_read_is_said_and_waited_for(path: Path) -> None:
    path.write_bytes(b"no database" * 100)
    with receiving() as receiver, bringing(path, webhook(receiver)) as (courier,):
        until(lambda: "events.sqlite" in courier.problem, 20.0, "it to be said")
