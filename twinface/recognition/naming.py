"""Vectors to a name, by the gallery and the head of this box, which may change while they are in use."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Averages, adjusted_vectors, fingerprint_with
from twinface.averages.averages_in_use import NOBODY
from twinface.errors import ArtefactError
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import PHOTOS, PersonVectors, camera_source
from twinface.matching.decision import agree, needed_score
from twinface.matching.head import Head
from twinface.matching.head_folder import head_in_use
from twinface.matching.open_head import open_head
from twinface.matching.threshold import PairThreshold, threshold_of_pairs
from twinface.matching.vectors import fuse, normalised
from twinface.networks.recipe import NetworkRecipe
from twinface.recognition.known import Known
from twinface.recognition.vetoes import Vetoes
from twinface.settings import MatchingSettings
from twinface.text import plural
from twinface.types import Decision, State, Vectors

log = logging.getLogger(__name__)

_SAME_FACE_COSINE = 0.35
"""Of SFace's vectors: looks of one track reach 0.38 with an earlier one, those of another face that took its place at
most 0.33 (eight videos, 165 looks; heads that turn far included)."""


def decide_alone(
    vector: NDArray[np.float32], source: str, known: Known, head: Head, settings: MatchingSettings
) -> Decision:
    """Who `vector`, float32 (d,), of one picture from a source shows by itself; `head` has made the `known` ready."""
    probe = vector[np.newaxis]
    adjusted = adjusted_vectors(probe, source, known.averages)
    (decision,) = known.decide(adjusted, settings)
    return decision if head.knows_quality(probe)[0] else _without_name(decision)


def _without_name(decision: Decision) -> Decision:
    """What is said of a picture that is poorer than any that scores are known for: no name by itself."""
    if decision.name is None:
        return decision
    reason = f"{decision.name} reaches the threshold, but the picture is poorer than any that scores are known for"
    return replace(decision, state=State.UNCERTAIN, name=None, reason=reason)


class Naming:
    """Names faces. What is wrong with gallery or head does not stop it: `problem` says it, and it goes on with what
    it had before (at first: nobody is known).
    """

    def __init__(self, gallery: Path, head: Path | None, recipe: NetworkRecipe, settings: MatchingSettings) -> None:
        self.problem = ""
        self._gallery_folder = gallery
        self._head_folder = head
        self._recipe = recipe
        self._configured = self._settings = settings
        self._gallery: Gallery | None = None
        self._known = Known()
        self._opened = open_head(None, recipe.fingerprint, settings)
        self._threshold = self._opened.threshold
        self._vetoes = Vetoes(gallery, recipe.fingerprint)
        self.refresh()

    @property
    def gallery_version(self) -> int:
        """Version of the gallery in use; 0 while there is none."""
        return self._known.version

    @property
    def head_fingerprint(self) -> str:
        """Says what a score means: changes with the head's files, thresholds included, and with the averages."""
        return fingerprint_with(self._opened.fingerprint, self._known.averages)

    def take_averages(self, averages: Averages) -> bool:
        """Tell vectors from these averages from now on, and say whether scores have changed.

        A head without a cohort was trained on vectors as they are, and goes on with them.
        """
        if self._gallery is None or self._opened.head.cohort is None or averages is self._known.averages:
            return False
        self._know(self._known.updated(self._gallery, self._opened.head, self._configured, averages))
        return True

    @property
    def people(self) -> Mapping[str, PersonVectors]:
        """Everybody of the gallery, by name; one object while nothing has changed."""
        return self._gallery.people if self._gallery else NOBODY

    @property
    def summary(self) -> str:
        """How many people and vectors are known, and the threshold in use, in words."""
        if not self._known.names:
            return "the gallery is empty; add people with `twinface gallery add`"
        return f"{plural(len(self._known.names), 'person')}, {plural(self._known.vectors, 'vector')}, {self._threshold}"

    @property
    def gauges(self) -> Mapping[str, float]:
        """How many people and vectors are known, and of which version the gallery is."""
        known = self._known
        return {"people": len(known.names), "known_vectors": known.vectors, "gallery_version": known.version}

    def refresh(self) -> bool:
        """Take up changes of gallery, corrections and head on disk, and say whether there were any; cheap where not."""
        changed, problems = False, []
        for take_up in (self._take_up_gallery_and_head, self._vetoes.refresh):
            try:
                changed |= take_up()
            except ArtefactError as error:
                problems.append(str(error))
        problems += self._left_out()
        problem = "; ".join(problems)
        if problem and problem != self.problem:
            log.error("gallery, head or corrections not loaded", extra={"error": problem})
        self.problem = problem
        return changed

    def _left_out(self) -> list[str]:
        """What is to be said of people whose files cannot be used; everybody else is known."""
        damaged = list(self._gallery.damaged.values()) if self._gallery else []
        return [f"{len(damaged)} of the gallery left out: {damaged[0]}"] if damaged else []

    def decide(self, camera: str, vectors: Vectors, weights: NDArray[np.float32], before: Decision) -> Decision:
        """Who `vectors`, float32 (k, d), of one face at a camera show, which was taken for whom it was `before`.

        `weights` (k,), 0…1, is how much each counts.
        """
        known = self._known
        if not known.names:
            return known.decide(vectors[:1], self._settings)[0]
        clear = self._opened.head.knows_quality(vectors)
        if clear.any():
            vectors, weights = vectors[clear], weights[clear]
        source, weights = camera_source(camera), np.maximum(weights, 1e-3)
        adjusted = adjusted_vectors(vectors, source, known.averages)
        together = fuse(adjusted, weights)
        fused, *looks = known.decide(np.concatenate([together[np.newaxis], adjusted]), self._settings)
        decision = agree(before, fused, looks, self._settings)
        if not clear.any():
            decision = _without_name(decision)
        if decision.name is not None and self._vetoes.forbid(
            decision.name, vectors, weights, source=source, averages=known.averages
        ):
            reason = f"{decision.name} was rejected for a face like this one"
            return replace(decision, state=State.UNKNOWN, name=None, reason=reason)
        return decision

    def alone(self, camera: str, vector: NDArray[np.float32]) -> Decision:
        """Who `vector`, float32 (d,), of one look at a camera shows by itself."""
        return decide_alone(vector, camera_source(camera), self._known, self._opened.head, self._settings)

    def of_picture(self, vector: NDArray[np.float32]) -> Decision:
        """Who `vector`, float32 (d,), of a picture that somebody brings shows."""
        return decide_alone(vector, PHOTOS, self._known, self._opened.head, self._settings)

    @property
    def head(self) -> Head:
        """The head in use."""
        return self._opened.head

    @property
    def averages(self) -> Averages | None:
        """The averages that scores are relative to; None where they are of vectors as they are."""
        return self._known.averages

    @property
    def threshold_of_pairs(self) -> PairThreshold:
        """From which score on two pictures are taken for one person's, and how many of two people's are."""
        spec, people = self._opened.head.spec, len(self._known.names)
        return threshold_of_pairs(self._configured, spec, self._threshold, people)

    @property
    def bounds(self) -> Mapping[str, Any]:
        """The rule that decides, and what it asks for."""
        settings = self._settings
        return {
            "rule": settings.rule,
            "threshold": needed_score(settings),
            "threshold_source": self._threshold.source,
            "margin": settings.margin,
            "agreeing_looks": settings.agreeing_looks,
        }

    def is_same_face(self, vector: NDArray[np.float32], vectors: Vectors) -> bool:
        """Whether `vector`, float32 (d,), may be of the face that one of `vectors` (k, d) is of, by plain cosine.

        For faces that are expected to be the same, as those of one track: far below what gives a name.
        """
        probe, looks = normalised(vector[np.newaxis]), normalised(vectors)
        return bool((looks @ probe[0]).max() >= _SAME_FACE_COSINE)

    def _take_up_gallery_and_head(self) -> bool:
        if self._gallery is None and not self._gallery_folder.exists():
            return False
        if self._gallery is None:
            self._gallery = Gallery.open(self._gallery_folder, network=self._recipe.fingerprint)
        gallery_changed = self._gallery.refresh() or self._gallery.version != self._known.version
        folder = head_in_use(self._head_folder, self._gallery_folder, self._recipe.fingerprint)
        if not self._opened.is_in(folder):
            opened = open_head(folder, self._recipe.fingerprint, self._configured)
            if not opened.is_in(folder):
                return False  # Another head took its place meanwhile: this one may be half the one, half the other.
            averages = self._known.averages if opened.head.cohort else None
            known = Known().updated(self._gallery, opened.head, self._configured, averages)
            self._opened = opened
        elif gallery_changed:
            known = self._known.updated(self._gallery, self._opened.head, self._configured, self._known.averages)
        else:
            return False
        self._know(known)
        return True

    def _know(self, known: Known) -> None:
        """Take up who is known, and the threshold that these people bring."""
        self._known = known
        threshold = known.threshold(self._opened.head, self._configured)
        if threshold.problem and threshold != self._threshold:
            log.warning("calibration not used", extra={"reason": threshold.problem})
        self._threshold = threshold
        self._settings = threshold.applied_to(self._configured)
