"""Every error twinface raises on purpose. The message is one line and names the mend.

TwinfaceError                exit code 1: the box could not do it
├── WireError                bytes on a socket that are not a message of ours
├── ServiceError             a running process refused, or did not answer in time
├── DatabaseError            the database that boxes share: not there, too old, full, of a later twinface
└── UserError                exit code 2: something the user can put right
    ├── SettingsError        config/pipeline.toml
    ├── InputError           pictures, videos, cameras, folders, and what is said of them
    │   ├── NotThereError    a person, event, track, visitor or step that does not exist, or no longer
    │   ├── NameTakenError   a new name that somebody in the gallery has
    │   ├── ChangedSinceError  a person whom somebody has changed since they were looked at
    │   ├── NoFaceError      a readable picture in which no single face stands out
    │   │   ├── SeveralFacesError  … because there are several
    │   │   └── TurnedError        … because it lies on its side or upside down
    │   └── SourceError      a camera that cannot be read now; it is tried again
    ├── MissingExtraError    a part of twinface that is installed on request, e.g. twinface[train]
    ├── AssetError           model files that are missing or not what they should be
    └── ArtefactError        networks, features, heads and galleries on disk
        ├── SignatureError   the file was not written with this box's key, or was changed since
        └── FingerprintError artefacts of two different networks were mixed
"""


class TwinfaceError(Exception):
    """Base of all; `exit_code` is what the command line ends with."""

    exit_code = 1


class WireError(TwinfaceError):
    """A frame from a socket that does not follow the schema, or is larger than allowed."""


class ServiceError(TwinfaceError):
    """A control request that was refused or not answered; `code` is one word for machines."""

    def __init__(self, message: str, code: str = "failed") -> None:
        super().__init__(message)
        self.code = code


class DatabaseError(TwinfaceError):
    """The database that boxes share cannot be reached, or not be used as it is; the message says how that is mended."""


class UserError(TwinfaceError):
    """Something the user can put right; the message says how."""

    exit_code = 2


class SettingsError(UserError):
    """The configuration has an unknown key, a wrong type or a value out of range."""


class InputError(UserError):
    """A picture, video, camera or folder is missing, unreadable or empty."""


class NotThereError(InputError):
    """A person, event, track, unknown visitor or step that is named does not exist, or no longer."""


class NameTakenError(InputError):
    """Somebody in the gallery has the `name` that is to be given; the message says so as the command line mends it."""

    def __init__(self, name: str, mend: str) -> None:
        super().__init__(f"{name} is in the gallery already; use --merge {mend}")
        self.name = name


class ChangedSinceError(InputError):
    """A person is not as whoever wants to change them saw them last; the message says what has happened."""


class NoFaceError(InputError):
    """No face, or no single largest face, was found in a picture."""


class SourceError(InputError):
    """A camera that cannot be read now, and why, without its password; `patient` where it is to be asked rarely.

    Many cameras lock a user out who was refused a few times.
    """

    def __init__(self, message: str, *, patient: bool = False) -> None:
        super().__init__(message)
        self.patient = patient


class SeveralFacesError(NoFaceError):
    """A picture shows more than one face that may be meant."""


class TurnedError(NoFaceError):
    """A picture lies on its side or upside down, so that its face cannot be used."""


class TooManyWrongTokensError(UserError):
    """A client brought so many wrong tokens that the next is not even looked at, for a minute."""


class MissingExtraError(UserError):
    """An extra of the package is not installed; the message has the command that installs it."""


class AssetError(UserError):
    """A model file could not be had, or its sha256 is not the pinned one."""


class ArtefactError(UserError):
    """A network, features, head or gallery on disk is missing, damaged or of another format."""


class SignatureError(ArtefactError):
    """A signed pickle whose HMAC does not fit: never unpickled."""


class FingerprintError(ArtefactError):
    """Artefacts that belong to different networks were used together."""
