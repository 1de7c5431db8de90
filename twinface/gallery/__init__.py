"""People on disk: signed pickles of their vectors, and the gallery of who is known."""

from twinface.gallery.gallery import Gallery
from twinface.gallery.keys import box_key
from twinface.gallery.names import checked_name, known_name
from twinface.gallery.people_files import read_features, read_person, write_features, write_person
from twinface.gallery.person import PHOTOS, PersonVectors, Snapshot, camera_source, checked_source, person_path

__all__ = [
    "PHOTOS",
    "Gallery",
    "PersonVectors",
    "Snapshot",
    "box_key",
    "camera_source",
    "checked_name",
    "checked_source",
    "known_name",
    "person_path",
    "read_features",
    "read_person",
    "write_features",
    "write_person",
]
