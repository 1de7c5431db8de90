"""The head of all boxes kept in force at a box that shares a gallery."""

import logging

from twinface.errors import ArtefactError
from twinface.files import FileState
from twinface.matching.head_folder import head_state, holds_head
from twinface.networks.registry import find_recipe
from twinface.postgres.tables import Connection
from twinface.settings import Settings
from twinface.sharing.shared_heads import (
    digest_of,
    read_digest,
    read_head_files,
    share_head,
    shared_place,
    take_head,
)

log = logging.getLogger(__name__)


class HeadCopy:
    """Takes over the head that another box has published, and shares the one here where there is none yet.

    `problem` says why the head here is not that of all boxes, empty while it is, or none is shared.
    """

    def __init__(self, settings: Settings) -> None:
        self.problem = ""
        self._settings = settings
        self._network = find_recipe(settings.network).fingerprint
        self._seen: tuple[str | None, FileState | None] | None = None

    def turn(self, connection: Connection) -> None:
        """Look whether there is another one, and take it over. Raises psycopg.Error, DatabaseError."""
        there = read_digest(connection, self._network)
        try:
            self.problem = self._follow(connection, there)
        except (ArtefactError, OSError) as error:
            self.problem = str(error)

    def _follow(self, connection: Connection, there: str | None) -> str:
        place = shared_place(self._settings)
        if place is None:
            is_set = self._settings.head is not None and there is not None
            return "the head of all boxes is not in use here: `head` is set; leave it out" if is_set else ""
        if (there, head_state(place)) == self._seen:
            return self.problem
        self._seen = None
        if there is None and holds_head(place):
            share_head(self._settings, place, read_head_files(place))
        elif there is not None and there != digest_of(read_head_files(place)):
            take_head(connection, self._network, place)
            log.info("the head of another box is in force")
        self._seen = (there, head_state(place))
        return ""
