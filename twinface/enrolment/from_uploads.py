"""A person enrolled from pictures that come one by one and are nowhere on a disk; the gate is that of `gallery add`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.enrolment.from_pictures import Verdict, judge_pictures
from twinface.enrolment.gate import CROP_SIZE_PX, choose_picker
from twinface.enrolment.kept_crops import encode_kept_crop
from twinface.enrolment.one_person import add_faces
from twinface.enrolment.open_likeness import try_likeness_gate
from twinface.errors import InputError
from twinface.faces.alignment import align_face
from twinface.faces.detection import FaceDetector
from twinface.gallery.gallery import Gallery
from twinface.gallery.names import checked_name
from twinface.networks.feature_network import Network
from twinface.networks.registry import find_recipe
from twinface.recognition.embedding import EmbeddedFace, embed_one_face
from twinface.settings import Settings
from twinface.text import none_usable
from twinface.types import Image


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """A picture that somebody sent, called `label`: its face, or why there is none, and the face's crop, 224 pixels."""

    label: Path
    face: EmbeddedFace | InputError
    crop: NDArray[np.uint8] | None = None


def read_upload(
    label: str, image: Image | InputError, detector: FaceDetector, network: Network, *, force: bool = False
) -> Upload:
    """What a picture, or what its decoder said of it, is worth for enrolling; with `force` the main face is taken."""
    if isinstance(image, InputError):
        return Upload(Path(label), image)
    try:
        face = embed_one_face(image, detector, network, choose_picker(force=force), upright_only=not force)
    except InputError as error:
        return Upload(Path(label), error)
    return Upload(Path(label), face, align_face(image, face.face.landmarks_px, CROP_SIZE_PX))


@dataclass(frozen=True, slots=True, eq=False)
class Added:
    """So many pictures were `added` of `name`, as step `step`, None where all were there; `verdicts` on each."""

    name: str
    added: int
    step: int | None
    verdicts: tuple[Verdict, ...]


@dataclass(slots=True, eq=False)
class Gathering:
    """The pictures of somebody who is being enrolled: those that pass are `accepted`, by their numbers.

    With `merge` the person may be in the gallery already, with `force` only what shows no face does not pass.
    """

    name: str
    settings: Settings
    merge: bool = False
    force: bool = False
    accepted: dict[int, Upload] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises InputError for a name that cannot be one, or that is somebody's."""
        self.name = checked_name(self.name)
        self._open()

    def take(self, number: int, upload: Upload) -> Verdict:
        """What speaks against one more picture, beside those accepted before; it is accepted where nothing does.

        Raises ArtefactError and its kin where the gallery cannot be used.
        """
        *_, verdict = self._judge(self._open(), [*self.accepted.values(), upload])
        if verdict.is_usable(force=self.force):
            self.accepted[number] = upload
        return verdict

    def finish(self, who: str, uploads: Sequence[Upload] | None = None) -> Added:
        """Add the accepted pictures, or of `uploads` those that pass, to the gallery, as a step by `who`.

        The gate looks at all of them once more, since the gallery may have changed. Raises InputError where none
        passes, ArtefactError and its kin where the gallery cannot be used or written; nothing has changed then.
        """
        gallery, uploads = self._open(), list(self.accepted.values()) if uploads is None else uploads
        verdicts = self._judge(gallery, uploads)
        pairs = zip(uploads, verdicts, strict=True)
        usable = [(one, verdict.face) for one, verdict in pairs if verdict.face and verdict.is_usable(force=self.force)]
        if not usable:
            raise NoUsableUploadError(self.name, tuple(verdicts))
        crops = [encode_kept_crop(one.crop) for one, _ in usable if one.crop is not None]
        faces = [(str(one.label), face) for one, face in usable]
        kept = crops if self.settings.store_crops else None
        added, step = add_faces(self.name, faces, kept, gallery, self.settings, who=who)
        return Added(self.name, added, step, tuple(verdicts))

    def _open(self) -> Gallery:
        recipe = find_recipe(self.settings.network)
        folder = self.settings.gallery
        gallery = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
        if gallery.knows(self.name) and not self.merge:
            raise InputError(
                f"{self.name} is in the gallery already; merge where this is the same person, or choose another name"
            )
        return gallery

    def _judge(self, gallery: Gallery, uploads: Sequence[Upload]) -> list[Verdict]:
        gate, _ = (None, "") if self.force else try_likeness_gate(gallery, self.settings)
        return judge_pictures(self.name, [(one.label, one.face) for one in uploads], gate)


class NoUsableUploadError(InputError):
    """None of the pictures passed the gate: `verdicts` say why, of each."""

    def __init__(self, name: str, verdicts: tuple[Verdict, ...]) -> None:
        reasons = "; ".join(dict.fromkeys(str(one.objection) for one in verdicts if one.objection))
        unusable = none_usable(len(verdicts), "picture") if verdicts else "no picture was accepted"
        super().__init__(f"{name}: {unusable}{f' ({reasons})' if reasons else ''}; send better ones")
        self.verdicts = verdicts
