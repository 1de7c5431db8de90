"""The part of the link that keeps this box's copy of the shared gallery up to date, with corrections and head."""

from dataclasses import replace

from twinface.errors import ArtefactError
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import MANIFEST_FILE, read_manifest
from twinface.gallery.manifest import Manifest, SharedMark
from twinface.gallery.shared_gallery import Head, read_changes, read_head
from twinface.networks.registry import find_recipe
from twinface.postgres.tables import Connection
from twinface.settings import Settings
from twinface.sharing.corrections_copy import CorrectionsCopy
from twinface.sharing.head_copy import HeadCopy
from twinface.sharing.identity import Identity

SHARE_IT = "`twinface gallery move --to postgres` shares it"


class GalleryCopy:
    """Takes over what other boxes change; a box that knows nobody yet becomes a copy by itself.

    `problem` says why the copy is not what all boxes have, empty while it is, or none is shared yet, which is a `note`;
    `behind` by how many changes.
    """

    def __init__(self, settings: Settings, box: Identity) -> None:
        self.problem = self.note = ""
        self.behind = 0
        self._folder, self._url, self._box = settings.gallery, settings.database.url, box
        self._recipe = find_recipe(settings.network)
        self._corrections, self._heads = CorrectionsCopy(settings.gallery), HeadCopy(settings)

    def turn(self, connection: Connection) -> bool:
        """Look whether there is something new, and take it over. Raises psycopg.Error."""
        head = read_head(connection)
        try:
            manifest = read_manifest(self._folder) if (self._folder / MANIFEST_FILE).exists() else None
            problem = self._follow(connection, head, manifest)
        except ArtefactError as error:  # a full disk, another history: other parts go on
            problem = str(error)
        self._corrections.turn(connection)
        self._heads.turn(connection)
        self.problem = problem or self._corrections.problem or self._heads.problem
        return False

    def _follow(self, connection: Connection, head: Head | None, manifest: Manifest | None) -> str:
        """Be what the database has; else why not."""
        mark = None if manifest is None else manifest.shared
        if head is None:
            self.note = "no gallery is shared yet; " + SHARE_IT
            return "" if mark is None else "the database has not the gallery that this box shares; " + SHARE_IT
        self.note = ""
        self.behind = head.version - manifest.version if manifest and mark else 0
        if manifest and mark and (head.version, head.token) == (manifest.version, mark.token):
            return self._name_address(mark)
        if head.network != self._recipe.fingerprint:
            return (
                f"the shared gallery is of the network {head.network_name or '?'} ({head.network[:12]}), this box of"
                f" {self._recipe.name} ({self._recipe.fingerprint[:12]}); set `network` to the same one everywhere"
            )
        if mark is None:
            return self._join(connection, head)
        Gallery.open(self._folder).catch_up(connection)
        self.behind = 0
        return ""

    def _join(self, connection: Connection, head: Head) -> str:
        gallery = Gallery.open(
            self._folder, network=self._recipe.fingerprint, network_name=self._recipe.name, create=True
        )
        if gallery.people or gallery.damaged:
            return "this box's gallery is its own, and not that of the database; " + SHARE_IT
        with gallery.sharing() as become_copy:
            changes = read_changes(connection, Manifest(0, head.network, head.network_name), everybody=True)
            become_copy(changes, SharedMark(head.id, self._url, self._box.id, head.token))
        return ""

    def _name_address(self, mark: SharedMark) -> str:
        if mark.url != self._url:
            Gallery.open(self._folder).be_copy_at(replace(mark, url=self._url))
        return ""
