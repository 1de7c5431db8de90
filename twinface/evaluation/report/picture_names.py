"""What the numbered pictures of an evaluation are called, and where they lie."""

from pathlib import Path

from twinface.evaluation.figures.results import FeaturesEvaluation, PairsEvaluation
from twinface.text import printable


def picture_name(done: PairsEvaluation | FeaturesEvaluation, number: int) -> str:
    """A picture's folder, which is its person, and file, for people to read."""
    if isinstance(done, PairsEvaluation):
        return printable("/".join(done.pictures[number].parts[-2:]))
    return printable(f"{done.people[done.verifications[0].pairs.person[number]]}/{done.files[number]}")


def picture_path(done: PairsEvaluation | FeaturesEvaluation, number: int) -> Path | None:
    """Where it lies; None where that is not known."""
    return done.pictures[number] if done.pictures else None
