"""What people said of names kept the same at all boxes that share a gallery."""

from pathlib import Path

from twinface.corrections.corrections_file import CORRECTIONS_FILE, catch_up_corrections
from twinface.errors import ArtefactError
from twinface.files import FileState
from twinface.gallery.shared_gallery import Head, read_head
from twinface.postgres.tables import Connection


class CorrectionsCopy:
    """Takes over what is said at other boxes, and shares what was said here before this one joined.

    `problem` says why that cannot be, empty while it can.
    """

    def __init__(self, gallery: Path) -> None:
        self.problem = ""
        self._gallery = gallery
        self._seen: tuple[Head | None, FileState | None] | None = None

    def turn(self, connection: Connection) -> None:
        """Look whether there is something new, and take it over. Raises psycopg.Error."""
        head = read_head(connection)
        try:
            if (head, self._state()) != self._seen:
                catch_up_corrections(self._gallery, connection)
                self._seen, self.problem = (head, self._state()), ""
        except (ArtefactError, OSError) as error:  # a full disk, another history: other parts go on
            self.problem = str(error)

    def _state(self) -> FileState | None:
        return FileState.of(self._gallery / CORRECTIONS_FILE)
