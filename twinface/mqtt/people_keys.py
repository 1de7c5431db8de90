"""Whom the box knows, as far as a broker has to know it."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people
from twinface.gallery.person import slug_of
from twinface.gallery.person_files import crop_key


class PeopleKeys:
    """Everybody in the gallery in a folder, read again where its files have changed; nobody where there is none.

    Raises as `Gallery.open` does.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gallery: Gallery | None = None
        self._keys: dict[str, str] = {}

    def __call__(self) -> Mapping[str, str]:
        """By name, in the order of names, what stays when somebody is renamed: the key of their first vector, or an id
        of the name where two people have that.
        """
        if not has_people(self._folder):
            self._gallery, self._keys = None, {}
        elif self._gallery is None:
            self._gallery = Gallery.open(self._folder)
            self._keys = _keys_of(self._gallery)
        elif self._gallery.refresh():
            self._keys = _keys_of(self._gallery)
        return self._keys


def _keys_of(gallery: Gallery) -> dict[str, str]:
    keys = {name: crop_key(person.vectors[0]) for name, person in gallery.people.items()}
    times = Counter(keys.values())
    return {name: key if times[key] == 1 else slug_of(name) for name, key in keys.items()}
