"""How the box is, and what it is set to."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from twinface.box.settings_in_force import settings_in_force
from twinface.web.api.context import Context


class Health(BaseModel):
    """`ok`, or what is wrong, a line for each problem; and what each process says of itself."""

    ok: bool
    state: str
    problems: list[str]
    processes: list[dict[str, Any]]


class Present(BaseModel):
    """The matcher's tracks, with the fields that a match event has, and its streams. Of its start `epoch` the event of
    number `next_sequence` is the first that is not in it.
    """

    model_config = ConfigDict(extra="allow")

    epoch: int
    next_sequence: int
    tracks: list[dict[str, Any]]


class Setting(BaseModel):
    """A value as the configuration would hold it, passwords masked, and its line there; None for a default."""

    value: Any
    line: int | None


class SettingsInForce(BaseModel):
    """Every setting by its dotted name, and the file that they are from."""

    path: str
    settings: dict[str, Setting]


def box_routes(context: Context) -> APIRouter:
    """`/health`, `/present`, `/settings`."""
    router = APIRouter(tags=["box"])

    @router.get("/health")
    async def health() -> Health:
        """What the heartbeats say."""
        return Health.model_validate(context.health())

    @router.get("/present")
    def present() -> Present:
        """Who is there now. The matcher has to run."""
        return Present.model_validate(context.ask_matcher("snapshot", {}))

    @router.get("/settings")
    def settings() -> SettingsInForce:
        """Every setting in force. They are changed in the file, and hold from the next start on."""
        found = settings_in_force(context.config, context.settings)
        shown = {one.name: Setting(value=one.value, line=one.line) for one in found}
        return SettingsInForce(path=str(context.config), settings=shown)

    return router
