"""The heads that compare vectors: which there are, retraining, and the one before back.

What knows training is loaded when it is first asked for.
"""

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from twinface.corrections.audit_file import note
from twinface.web.api.context import Context, who_asks

if TYPE_CHECKING:
    from twinface.box.trainer_client import RetrainingFollowed, TrainerProgress


class HeadShown(BaseModel):
    """A head; `made_at_ns` is null of the bundled one. `figures` are those of its validation when it took its place,
    with `_before` those of the head before it on the same pairs; `comes_back` says that a rollback brings it back.
    """

    version: str
    made_at_ns: int | None
    architecture: str
    figures: dict[str, float]
    verdict: str
    in_use: bool
    comes_back: bool


class Heads(BaseModel):
    """The version in use, and all that there are."""

    in_use: str | None
    versions: list[HeadShown]


class HowToRetrain(BaseModel):
    """As the options of `twinface retrain`."""

    architecture: Literal["plda", "linear", "mlp", "seed"] = "plda"
    epochs: int = Field(15, ge=1, le=1000)
    normalize: bool = False


class Retraining(BaseModel):
    """`state` idle, running, done or failed, `detail` more in words, `progress` how much of it is done, 0…1, null where
    that is not known; `report` is as of `twinface retrain --json`.
    """

    state: str
    detail: str
    progress: float | None = None
    report: dict[str, Any] | None = None


class Rollback(BaseModel):
    """Which version is to come back; the one before, whatever it is, where none is named."""

    version: Annotated[str, Field(max_length=64)] | None = None


class RolledBack(BaseModel):
    """The version in use now. It is no step: another rollback takes it back."""

    in_use: str
    step: None = None


def heads_routes(context: Context) -> APIRouter:
    """`/heads`."""
    router, settings, kept = APIRouter(prefix="/heads", tags=["learning"]), context.settings, _Kept(context)

    @router.get("")
    def list_versions() -> Heads:
        """The head in use, the one before it, and the bundled one, with how good each was found to be."""
        from twinface.training.retraining.head_versions import list_heads

        found = list_heads(settings)
        shown = [HeadShown(**{name: asdict(one)[name] for name in HeadShown.model_fields}) for one in found]
        return Heads(in_use=next((one.version for one in found if one.in_use), None), versions=shown)

    @router.post("/retrain", status_code=202)
    def begin_retraining(how: HowToRetrain, request: Request) -> Retraining:
        """Have the trainer of the running box retrain the head; a head is taken only if it is not worse."""
        from twinface.training.heads.head_training import TrainOptions

        options = TrainOptions(how.architecture, epochs=how.epochs, normalize=how.normalize)
        begun = _shown(kept.retraining().begin(options))
        note(settings.gallery, "retrain", "asked for", who=who_asks(request))
        return begun

    @router.get("/retrain")
    def show_retraining() -> Retraining:
        """How far it is, and what came of it."""
        return _shown(kept.retraining().progress())

    @router.post("/rollback")
    def roll_back(wanted: Rollback, request: Request) -> RolledBack:
        """Bring the head before this one back; once more, and this one is back."""
        from twinface.training.retraining.head_versions import bring_back

        return RolledBack(in_use=bring_back(settings, wanted.version, who=who_asks(request)).version)

    return router


class _Kept:
    """What follows the trainer, made when it is first asked for."""

    def __init__(self, context: Context) -> None:
        self._context, self._lock = context, threading.Lock()
        self._retraining: RetrainingFollowed | None = None

    def retraining(self) -> "RetrainingFollowed":
        """The same each time."""
        from twinface.box.trainer_client import RetrainingFollowed

        with self._lock:
            if self._retraining is None:
                self._retraining = RetrainingFollowed(self._context.settings, self._context.run)
            return self._retraining


def _shown(now: "TrainerProgress") -> Retraining:
    report = None if now.report is None else dict(now.report)
    return Retraining(state=now.state, detail=now.detail, progress=now.share, report=report)
