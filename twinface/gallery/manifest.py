"""What gallery.json says, as values."""

from dataclasses import dataclass

PEOPLE_FOLDER = "people"


@dataclass(frozen=True, slots=True)
class SharedMark:
    """Whose copy a gallery is: the one with this `id` in the database at `url`, which has no password in it, as the box
    with the id `box` has it after the change with this `token`.
    """

    id: str
    url: str
    box: str
    token: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What gallery.json says; `network` is the fingerprint, `people` the name of the folder that everybody is in.

    `shared` says that it is a copy of a gallery that several boxes share.
    """

    version: int
    network: str
    network_name: str
    people: str = PEOPLE_FOLDER
    shared: SharedMark | None = None
