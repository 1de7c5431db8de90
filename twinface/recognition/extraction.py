"""Folders of faces become features: the vectors of every picture, a signed file a person."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from twinface.errors import InputError
from twinface.faces.choice import pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.picture_files import read_image
from twinface.gallery.gallery_folder import MANIFEST_FILE
from twinface.gallery.people_files import write_features
from twinface.gallery.person import PHOTOS, PersonVectors, person_path
from twinface.gallery.signing import is_sealed
from twinface.networks.feature_network import Network
from twinface.networks.registry import load_network
from twinface.outputs import refuse_inputs, require_ours
from twinface.recognition.embedding import EmbeddedFace, PickFace, embed_aligned, embed_one_face, open_detector
from twinface.recognition.picture_folders import list_people, named_people
from twinface.text import none_usable

_MOST_WORKERS = 8
_READERS_PER_WORKER = 2
"""While one thread has a worker's network, another reads and decodes the next picture, so that no disk is waited for.
A reader holds one decoded picture, which bounds the memory."""

_AHEAD_PER_WORKER = 4

OnPicture = Callable[[Path, InputError | None], None]
"""Called for each picture when it is done, with the error when it was skipped."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """How an extraction went."""

    people: int
    pictures: int
    skipped: int


def count_workers() -> int:
    """How many networks an Embedder runs at once by default: one a core that this process may use, eight at most."""
    return min(_MOST_WORKERS, len(os.sched_getaffinity(0)))


class Embedder:
    """Turns picture files into vectors on every core at once.

    Each of the `workers`, one a core unless said, is a detector and a network with one thread: that keeps all cores
    busy with detection and the network alike, which one network with many threads does not. The next pictures are read
    meanwhile; no more than four a worker are begun before their turn. What comes out does not depend on the number of
    workers. With `upright_only` a picture that lies on its side is an error. Close it, or use it in `with`.
    """

    def __init__(
        self,
        network: str | Path,
        *,
        aligned: bool = False,
        pick: PickFace = pick_main_face,
        upright_only: bool = False,
        workers: int | None = None,
    ) -> None:
        count = workers or count_workers()
        networks = [load_network(network, threads=1) for _ in range(count)]
        self.recipe = networks[0].recipe
        self._pick = pick
        self._upright_only = upright_only
        self._tools: SimpleQueue[tuple[FaceDetector | None, Network]] = SimpleQueue()
        for one in networks:
            self._tools.put((None if aligned else open_detector(), one))
        self._pool = ThreadPoolExecutor(count * _READERS_PER_WORKER, thread_name_prefix="embedder")
        self._ahead = count * _AHEAD_PER_WORKER

    def __enter__(self) -> "Embedder":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def embed_files(self, paths: Iterable[Path]) -> Iterator[tuple[Path, EmbeddedFace | InputError]]:
        """The one face of each picture, in the order given; for a picture that cannot be used, the error."""
        running: deque[tuple[Path, Future[EmbeddedFace | InputError]]] = deque()
        for path in paths:
            running.append((path, self._pool.submit(self._embed_file, path)))
            if len(running) > self._ahead:
                done, future = running.popleft()
                yield done, future.result()
        for done, future in running:
            yield done, future.result()

    def _embed_file(self, path: Path) -> EmbeddedFace | InputError:
        try:
            image = read_image(path)
        except InputError as error:
            return error
        tools = self._tools.get()
        detector, network = tools
        try:
            if detector is None:
                return embed_aligned(image, network)
            return embed_one_face(image, detector, network, self._pick, upright_only=self._upright_only)
        except InputError as error:
            return type(error)(f"{path}: {error}")
        finally:
            self._tools.put(tools)


def extract_folder(
    faces: Path,
    features: Path,
    network: str | Path,
    *,
    aligned: bool = False,
    source: str = PHOTOS,
    on_picture: OnPicture = lambda _path, _error: None,
) -> Extraction:
    """Embed every picture of a folder of people and write a signed file of vectors for each person.

    With `aligned` the pictures are crops already; `source` is where all come from. Unreadable pictures and those
    without a face are skipped; a person without any vector gets no file. Raises InputError when there is no vector at
    all and, before anything is written, where vectors would come among the pictures, into a gallery, or in the place of
    a file that is none of ours.
    """
    people, nobodys = named_people(faces, list_people(faces))
    _check_free(faces, features, people)
    count = written = skipped = 0
    for pictures, error in nobodys:
        skipped += len(pictures)
        for path in pictures:
            on_picture(path, error if path is pictures[0] else None)  # said once a folder
    with Embedder(network, aligned=aligned, upright_only=True) as embedder:
        results = embedder.embed_files(path for pictures in people.values() for path in pictures)
        for name, pictures in people.items():
            usable: list[tuple[str, EmbeddedFace]] = []
            for path, result in islice(results, len(pictures)):
                if isinstance(result, EmbeddedFace):
                    usable.append((path.name, result))
                on_picture(path, result if isinstance(result, InputError) else None)
            count += len(usable)
            skipped += len(pictures) - len(usable)
            if usable:
                write_features(features, [to_person(name, usable, embedder.recipe.fingerprint, source)])
                written += 1
    if not written:
        raise InputError(f"{faces}: {none_usable(skipped, 'picture')}; see the warnings")
    return Extraction(written, count, skipped)


def _check_free(faces: Path, features: Path, names: Iterable[str]) -> None:
    mend = "name another folder for the features"
    refuse_inputs(features, [faces], mend)
    if os.path.lexists(features) and not features.is_dir():
        raise InputError(f"{features}: something else is there, no folder; {mend}")
    place = Path(os.path.realpath(features))
    if any((folder / MANIFEST_FILE).exists() for folder in (place, place.parent)):
        raise InputError(f"{features}: this is a gallery; {mend}, or add people with `twinface gallery add`")
    for name in names:
        require_ours(person_path(features, name), is_sealed, mend)


def to_person(name: str, faces: list[tuple[str, EmbeddedFace]], network: str, source: str = PHOTOS) -> PersonVectors:
    """A person of the features or the gallery, from the embedded faces of their files, which are of one source."""
    return PersonVectors(
        name=name,
        files=tuple(file for file, _ in faces),
        vectors=np.stack([face.vector for _, face in faces]),
        quality=np.array([face.quality for _, face in faces], np.float32),
        network=network,
        sources=(source,) * len(faces),
    )
