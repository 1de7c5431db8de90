"""Vectors to names: heads score pairs of vectors, a rule decides from a person's scores."""

from twinface.matching.decision import decide
from twinface.matching.head_folder import head_fingerprint, head_in_use, head_place
from twinface.matching.heads import Head, Scorer, Scores
from twinface.matching.opening import load_head
from twinface.matching.spec import HeadSpec
from twinface.matching.threshold import Threshold, choose_threshold

__all__ = [
    "Head",
    "HeadSpec",
    "Scorer",
    "Scores",
    "Threshold",
    "choose_threshold",
    "decide",
    "head_fingerprint",
    "head_in_use",
    "head_place",
    "load_head",
]
