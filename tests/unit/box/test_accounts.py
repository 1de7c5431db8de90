"""Putting the books together; what happens to them when processes die is tested with the bus."""

import os
from collections.abc import Iterator, Mapping

import pytest
from fake_box import short_run_directory

from twinface.box.accounts import LinkBooks, read_links
from twinface.bus.books import Books, Column
from twinface.bus.rundir import RunDirectory
from twinface.messages.topics import CROPS


@pytest.fixture
def run() -> Iterator[RunDirectory]:
    with short_run_directory() as directory:
        yield directory


def write(run: RunDirectory, origin: str, epoch: int, account: str, columns: Mapping[Column, int]) -> None:
    """Books with one account."""
    books = Books(run.books_path(origin, epoch))
    opened = books.account(account)
    for column, value in columns.items():
        opened.put(column, value)
    books.close()


def one_link(run: RunDirectory) -> LinkBooks:
    (link,) = read_links(run)
    return link


_SENT = {
    Column.OFFERED: 20,
    Column.SETTLED: 10,
    Column.DROPPED_REPLACED: 1,
    Column.DROPPED_OVERFLOW: 2,
    Column.DROPPED_STALE: 1,
    Column.LOST_EXPIRED: 1,
    Column.REDELIVERED: 7,
    Column.WAITING: 3,
    Column.IN_FLIGHT: 2,
}


def test_a_link_of_a_living_sender(run: RunDirectory) -> None:
    lock = run.lock("camera.a")
    write(run, "camera.a", 5, "out crops", _SENT)
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 4})
    write(run, "extractor.1", 6, "in crops camera.a@5", {Column.ANSWERED: 6})
    link = one_link(run)
    assert (link.topic, link.sender, link.epoch, link.alive) == ("crops", "camera.a", 5, True)
    assert (link.sent, link.received, link.answered, link.redelivered) == (20, 10, 10, 7)
    assert link.dropped == {"replaced": 1, "overflow": 2, "stale": 1}
    assert link.lost == {"expired": 1, "sender_died": 0}
    assert (link.waiting, link.in_flight) == (3, 2)
    assert link.balanced
    os.close(lock)


def test_of_a_sender_that_died_what_nobody_answered_for_is_lost(run: RunDirectory) -> None:
    write(run, "camera.a", 5, "out crops", _SENT)
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 12})
    link = one_link(run)
    assert (link.alive, link.received, link.answered) == (False, 12, 12)
    assert link.lost == {"expired": 1, "sender_died": 3}
    assert (link.waiting, link.in_flight) == (0, 0)
    assert link.balanced


def test_more_answers_than_messages_are_not_more_than_were_owed(run: RunDirectory) -> None:
    write(run, "camera.a", 5, "out crops", _SENT)
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 30})
    link = one_link(run)
    assert (link.received, link.lost["sender_died"], link.balanced) == (15, 0, True)


def test_only_the_newest_start_of_a_process_is_alive(run: RunDirectory) -> None:
    lock = run.lock("camera.a")
    for epoch in (5, 6):
        write(run, "camera.a", epoch, "out crops", {})
    assert [(link.epoch, link.alive) for link in read_links(run)] == [(5, False), (6, True)]
    os.close(lock)


@pytest.mark.parametrize("column", [Column.OFFERED, Column.SETTLED, Column.WAITING, Column.DROPPED_STALE])
def test_a_message_too_many_or_too_few_is_noticed(run: RunDirectory, column: Column) -> None:
    lock = run.lock("camera.a")
    write(run, "camera.a", 5, "out crops", {**_SENT, column: _SENT[column] + 1})
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 11})
    assert not one_link(run).balanced
    os.close(lock)


def test_a_message_that_nobody_answered_for_was_not_received(run: RunDirectory) -> None:
    lock = run.lock("camera.a")
    write(run, "camera.a", 5, "out crops", _SENT)
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 9})
    assert not one_link(run).balanced
    os.close(lock)


def test_work_that_nobody_knows_of_is_noticed(run: RunDirectory) -> None:
    lock = run.lock("camera.a")
    write(run, "camera.a", 5, "out crops", {**_SENT, Column.IN_VAIN: 3})
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 13 + CROPS.window})
    link = one_link(run)
    assert (link.in_vain, link.underway, link.balanced) == (3, CROPS.window, True)
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 14 + CROPS.window})
    assert not one_link(run).balanced
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 12})
    assert not one_link(run).balanced
    os.close(lock)


def test_a_start_that_sends_nothing_has_no_link(run: RunDirectory) -> None:
    write(run, "extractor.0", 6, "in crops camera.a@5", {Column.ANSWERED: 1})
    assert read_links(run) == []
