"""Whom the box knows, as far as a broker has to know it."""

from collections.abc import Collection
from pathlib import Path

from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people


class GalleryNames:
    """The names of everybody in the gallery in a folder, read again where its files have changed; nobody where there is
    none. Raises as `Gallery.open` does.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gallery: Gallery | None = None

    def __call__(self) -> Collection[str]:
        """The names, in their order."""
        if not has_people(self._folder):
            self._gallery = None
            return ()
        if self._gallery is None:
            self._gallery = Gallery.open(self._folder)
        else:
            self._gallery.refresh()
        return self._gallery.people.keys()
