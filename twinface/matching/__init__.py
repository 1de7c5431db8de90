"""Vectors to names: heads score pairs of vectors, a rule decides from a person's scores."""

from twinface.matching.decision import decide
from twinface.matching.head import Head
from twinface.matching.head_folder import head_place
from twinface.matching.head_spec import HeadSpec
from twinface.matching.open_head import OpenHead, load_head, open_head, open_head_in_use
from twinface.matching.threshold import Threshold, choose_threshold
from twinface.types import Scores

__all__ = [
    "Head",
    "HeadSpec",
    "OpenHead",
    "Scores",
    "Threshold",
    "choose_threshold",
    "decide",
    "head_place",
    "load_head",
    "open_head",
    "open_head_in_use",
]
