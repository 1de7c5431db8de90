"""What was changed at any box is in one list, without anybody's name."""

from retrained_box import make_people, say
from sharing_galleries import Box

from twinface.corrections import CorrectionKind, add_corrections
from twinface.corrections.audit_file import note
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.review.undo import undo
from twinface.sharing.own_box import OwnBox
from twinface.sharing.shared_audit import AuditForwarder, read_all_audits


def reject(box: Box, name: str) -> None:
    with recorded(Change(StepKind.REJECT, f"this is not {name}", (name,), f"{box.settings.box}'s user"), box.act()):
        vector = make_people(1, 1, seed=len(name))[0].vectors[0]
        add_corrections(box.settings.gallery, [say(CorrectionKind.REJECT, name, vector)])


def forwarder(box: Box) -> AuditForwarder:
    return AuditForwarder(box.act().gallery, box.copy._box.id)


def send(box: Box, by: AuditForwarder | None = None) -> None:
    (by or forwarder(box)).turn(box.connection)


def test_changes_of_all_boxes_are_one_list_and_say_what_was_taken_back(gate: Box, door: Box) -> None:
    for box in (gate, door):
        OwnBox(box.copy._box, "1", "").turn(box.connection)
    reject(gate, "person 00")
    note(door.act().gallery, "login", "may change", who="10.0.0.7")
    send(gate)
    send(door)
    first, second = read_all_audits(gate.connection, 10)
    assert (first.box, first.what, first.who, first.said, first.step) == (
        "door",
        "login",
        "10.0.0.7",
        "may change",
        None,
    )
    assert (second.box, second.what, second.who, second.step) == ("gate", "reject", "gate's user", 1)
    assert second.undone_by is None
    undo(gate.act())
    send(gate)
    last, _, undone = read_all_audits(gate.connection, 10)
    assert (last.what, last.step) == ("undo", 2)
    assert undone.undone_by == 2
    assert [one.at_ns for one in read_all_audits(gate.connection, 1, 2)] == [undone.at_ns]


def test_nobody_is_named_in_it(gate: Box) -> None:
    reject(gate, "person 00")
    undo(gate.act())
    send(gate)
    assert "person" not in str(gate.connection.execute("SELECT a::text FROM audit AS a").fetchall())


def test_each_change_is_sent_once_and_again_to_a_database_that_lost_it(gate: Box) -> None:
    by = forwarder(gate)
    reject(gate, "person 00")
    send(gate, by)
    reject(gate, "person 01")
    send(gate, by)
    send(gate)
    assert len(read_all_audits(gate.connection, 10)) == 2
    gate.connection.execute("DELETE FROM audit")
    send(gate)
    assert len(read_all_audits(gate.connection, 10)) == 2
