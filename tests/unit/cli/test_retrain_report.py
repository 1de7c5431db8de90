"""What `twinface retrain` prints: what was measured on, by whom, and what was decided."""

from dataclasses import replace

import pytest

from twinface.cli.learning.retrain import print_report
from twinface.evaluation.figures.intervals import Difference, Interval
from twinface.evaluation.figures.verification import VerificationFigures
from twinface.training.retraining.retraining_report import Measured, RetrainReport

FIGURES = VerificationFigures(30, 30_000, 0.99, 0.01, {"0.001": 0.98}, {"0.001": 0.1})
COSTS = {
    name: Difference(0.00012, 0.00011, Interval(-0.00001, 0.00002), 15)
    for name in ("cost", "cost_people", "cost_strangers")
}
MEASURED = Measured(3, 0, FIGURES, FIGURES, COSTS)
REPORT = RetrainReport("heads/door", "bundled", 3, 15, 0, 1, 3, 2, MEASURED, (), 0.87, 0.86)


def printed(report: RetrainReport, capsys: pytest.CaptureFixture[str]) -> str:
    print_report(report)
    return capsys.readouterr().out


def test_a_family_is_told_what_stood_for_other_people_and_of_whom_it_says_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = printed(replace(REPORT, measured=replace(MEASURED, strangers=2000)), capsys)
    assert "measured on 3 people whom neither head was trained on, 30 pairs of the same person" in said
    assert "30,000 with strangers, of whom 2,000 were drawn from the cohort" in said
    assert "by pictures of these people, it says nothing of other people" in said
    rows = [line.split() for line in said.splitlines() if line.strip().startswith("cost")]
    assert [" ".join(row[:-5]) for row in rows] == ["cost", "cost, people", "cost, strangers"]
    assert rows[2][-5:] == ["0.000110", "0.000120", "-0.000010", "to", "0.000020"]
    assert "published: heads/door" in said


def test_people_among_each_other_need_no_strangers(capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(replace(REPORT, reasons=("its cost may be 9.0% higher than now",)), capsys)
    assert "30 pairs of the same person, 30,000 of different people\n" in said
    assert "stranger" not in said.replace("cost, strangers", "")
    assert "the present head is kept (the bundled one):\n  its cost may be 9.0% higher than now\n" in said
