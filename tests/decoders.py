"""Every decoder of bytes that may be somebody else's, with whole examples to damage, and how an example is damaged."""

import hashlib
import hmac
import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from bombs import KEY, signed

from twinface.averages import Clusters, read_faces
from twinface.averages.faces_file import write_faces
from twinface.bus.books import Books, Column, read_books
from twinface.bus.credit import Answer, Credit, pack_credit, unpack_credit
from twinface.corrections import Correction, CorrectionKind, add_corrections, read_corrections
from twinface.corrections import answer as answers
from twinface.corrections.answers_file import change_answers, read_answers
from twinface.corrections.steps_file import STEPS_FOLDER, Step, StepKind, read_step, write_step
from twinface.enrolment.set_aside import write_reasons
from twinface.events import Event, EventQuery, EventStore, Kind, Subject, read_events
from twinface.faces.picture_files import decode_image
from twinface.files import make_folder
from twinface.gallery import Gallery, PersonVectors, read_person
from twinface.gallery.backup import read_backup, restore_backup, write_backup
from twinface.gallery.foreign import read_foreign_vectors
from twinface.gallery.gallery_folder import read_manifest
from twinface.gallery.keys import box_key
from twinface.gallery.people_files import write_person
from twinface.gallery.person_files import SetAside, read_crops, read_set_aside, write_crops, write_set_aside
from twinface.matching.head_folder import built_in_head
from twinface.matching.open_head import load_head
from twinface.messages.codec import decode, encode
from twinface.messages.recording_file import Header, RecordingWriter, read_recording
from twinface.messages.schema import CropMeta, CropTally, Heartbeat, Message, Request, Stamp, TracksUpdate, VectorMeta
from twinface.messages.topics import CONTROL, CROPS, HEALTH, TRACKS, VECTORS
from twinface.networks import find_recipe
from twinface.networks.recipe import read_recipe
from twinface.networks.registry import bundled_folder
from twinface.settings_file import load_settings
from twinface.types import Captured, FaceMeasures
from twinface.web.tokens import TokenFile, make_token

_HEADER_BYTES = 52
"""Of a signed file, before its payload."""

_INTERESTING = (
    b"\x00",
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\x00\x00\x00\x80",
    b"\xff" * 8,
    b"NaN",
    b"1e999",
    b"[[",
    b"{",
)
NETWORK = "n" * 64
VECTORS_OF_ADA = np.random.default_rng(5).normal(size=(3, 8)).astype(np.float32)
ADA = PersonVectors("Ada", ("1.jpg", "2.jpg", "3.jpg"), VECTORS_OF_ADA, np.ones(3, np.float32), NETWORK)


@dataclass(frozen=True, slots=True)
class Decoder:
    """`examples` makes whole bytes in an empty folder; `decode` takes bytes and an empty folder, and raises
    TwinfaceError for what it refuses.
    """

    examples: Callable[[Path], list[bytes]]
    decode: Callable[[bytes, Path], object]


def damaged(example: bytes, seed: int) -> bytes:
    """The example with a few bytes changed, left out, doubled, or replaced by what parsers stumble over."""
    rng = random.Random(seed)
    data = bytearray(example)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(data) + 1)
        length = min(rng.choice((1, 1, 2, 4, 8, 64)), len(data) - start)
        change = rng.randrange(6)
        if change == 0 and length:
            data[start] ^= 1 << rng.randrange(8)
        elif change == 1:
            del data[start : start + length]
        elif change == 2:
            data[start:start] = data[start : start + length] * rng.choice((1, 3, 1000))
        elif change == 3:
            data[start : start + length] = rng.choice(_INTERESTING)
        elif change == 4:
            data[start : start + length] = rng.randbytes(length)
        elif rng.random() < 0.3:
            del data[start:]
    return bytes(data)


def _file(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """Decodes what is put into a file of this name."""

    def decode_file(data: bytes, folder: Path) -> object:
        path = folder / name
        make_folder(path.parent)
        path.write_bytes(data)
        path.chmod(0o600)
        return read(path)

    return decode_file


def _signed(name: str, write: Callable[[Path], object], read: Callable[[Path], object]) -> Decoder:
    """Of a signed file the payload is damaged, and signed again, as a thief of the key would."""

    def examples(folder: Path) -> list[bytes]:
        make_folder((folder / name).parent)
        write(folder / name)
        return [(folder / name).read_bytes()[_HEADER_BYTES:]]

    reading = _file(name, read)
    return Decoder(examples, lambda payload, folder: reading(signed(payload), folder))


def _corrections(path: Path) -> None:
    Gallery.open(path.parent, network=NETWORK, create=True)
    one = Correction(CorrectionKind.REJECT, "Ada", VECTORS_OF_ADA[0], NETWORK, 0.5, "door:1:1", 7, 1)
    add_corrections(path.parent, [one])


def _answers(path: Path) -> None:
    Gallery.open(path.parent, network=NETWORK, create=True)
    seen = answers.Answer(answers.AnswerKind.NO_FACE, "door:1:1", 1, None, NETWORK, VECTORS_OF_ADA[0].tobytes())
    right = answers.Answer(answers.AnswerKind.RIGHT, "door:1:2", 2, "Ada")
    change_answers(path.parent, {"door:1:1": seen, "door:1:2": right})


def _averages(path: Path) -> None:
    clusters = Clusters.none(8)
    for number, vector in enumerate(VECTORS_OF_ADA):
        clusters = clusters.learnt(vector, np.zeros(8, np.float32), number)
    write_faces(path, {"camera:door": clusters, "camera:yard": clusters}, NETWORK)


def _step(path: Path) -> None:
    step = Step(1, StepKind.RENAME, "Ada is Ann", ("Ada", "Ann"), "me", 1, digests={"Ada": {"vectors": "0" * 64}})
    write_step(path.parent.parent, step)


def _backups(folder: Path) -> list[bytes]:
    gallery = Gallery.open(folder / "gallery", network=NETWORK, create=True)
    gallery.add("Ada", ADA.files, ADA.vectors, ADA.quality, [b"png"] * 3)
    write_backup(gallery, folder / "backup")
    return [(folder / "backup").read_bytes()[:-64]]


def _restore(body: bytes, folder: Path) -> None:
    """With its checksum and signature made again."""
    digest = hashlib.sha256(body).digest()
    (folder / "backup").write_bytes(body + digest + hmac.digest(box_key(), b"TWINBACK" + digest, "sha256"))
    gallery = Gallery.open(folder / "gallery", network=NETWORK, create=True)
    restore_backup(gallery, read_backup(folder / "backup"))
    assert gallery.verify() == {}


def _books(folder: Path) -> list[bytes]:
    books = Books(folder / "books")
    books.account("out crops").add(Column.OFFERED, 3)
    books.close()
    return [(folder / "books").read_bytes()]


def _events(folder: Path) -> list[bytes]:
    times = {"at_ns": 1, "since_ns": 1, "duration_s": 0.0, "media_ms": 0.0, "frame": 1}
    with EventStore(folder / "events.sqlite") as store:
        one = Event(Kind.ENTER, Subject.TRACK, "door", 1, 2, "Ada", "known", 0.5, **times, details={"a": [1]})
        store.append([one] * 3)
    return [(folder / "events.sqlite").read_bytes()]


def _network_json(folder: Path) -> list[bytes]:
    bundled = bundled_folder("face")
    assert bundled is not None
    return [(bundled / "network.json").read_bytes()]


def _head(name: str) -> Decoder:
    """A file of the bundled head; the others stay whole."""
    sface = find_recipe("sface").fingerprint
    box = built_in_head(sface)
    assert box is not None
    whole = {file: (box / file).read_bytes() for file in ("head.json", "head.npz", "cohort.npz")}

    def read(path: Path) -> object:
        for file in whole.keys() - {name}:
            (path.parent / file).write_bytes(whole[file])
        return load_head(path.parent, sface)

    return Decoder(lambda _folder: [whole[name]], _file(name, read))


def _pictures(_folder: Path) -> list[bytes]:
    image = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)
    return [cv2.imencode(ending, image)[1].tobytes() for ending in (".jpg", ".png", ".bmp", ".webp", ".tiff", ".ppm")]


def _token(folder: Path) -> list[bytes]:
    make_token(folder / "token")
    return [(folder / "token").read_bytes()]


def _headers(_folder: Path) -> list[bytes]:
    """The headers of messages of every kind of topic, each behind the number of its topic."""
    stamp = Stamp("camera.front", 1, 2, Captured(3, 4, 5.0))
    crop = CropMeta("front", 1, 2, 3, 4, (1.0, 2.0, 3.0, 4.0), FaceMeasures(*[0.5] * 8), False)
    messages = [
        Message(stamp, crop, np.zeros((4, 4, 3), np.uint8)),
        Message(stamp, VectorMeta(crop, "f" * 64, 1.0), np.zeros(8, np.float32)),
        Message(stamp, TracksUpdate("a", 1, 2, 640, 360, (), (1,), (2,), (3,), CropTally(), False)),
        Message(stamp, Heartbeat("matcher", 1, "running", "", 1.0, 1.0, 1.0, {"a": 1}, {"b": 1.0}, {"c": (1.0, 2.0)})),
        Message(stamp, Request("id", "events", {"after": 1, "more": [None, {"a": [1.5]}]})),
    ]
    found = zip(_TOPICS, messages, strict=True)
    return [bytes([number]) + bytes(encode(topic, one)[1]) for number, (topic, one) in enumerate(found)]


_TOPICS = (CROPS, VECTORS, TRACKS, HEALTH, CONTROL)
_PAYLOADS = ([bytes(48)], [bytes(32)], [], [], [])


def _decode_header(data: bytes, _folder: Path) -> object:
    number = data[0] % len(_TOPICS) if data else 0
    return decode([_TOPICS[number].name.encode(), data[1:], *_PAYLOADS[number]])


def _foreign(_folder: Path) -> list[bytes]:
    return [pickle.dumps(VECTORS_OF_ADA.astype(np.float64), protocol) for protocol in (0, 1, 2)]


def _configuration(_folder: Path) -> list[bytes]:
    return [(Path(__file__).parents[1] / "config" / "pipeline.toml").read_bytes()]


def _reasons(_folder: Path) -> list[bytes]:
    return [b'[{"picture": "a.jpg", "reason": "blurred", "value": 1.5, "bound": null}]']


def _manifest(folder: Path) -> list[bytes]:
    Gallery.open(folder / "gallery", network=NETWORK, create=True)
    return [(folder / "gallery" / "gallery.json").read_bytes()]


def _recording(folder: Path) -> list[bytes]:
    path = folder / "film.rec"
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, Header(("tracks",), ("a",), 1))
        for header, topic, payload in zip(_headers(folder), _TOPICS, _PAYLOADS, strict=True):
            writer.write([topic.name.encode(), header[1:], *payload])
    return [path.read_bytes()]


DECODERS: dict[str, Decoder] = {
    "person": _signed("a.pkl", lambda path: write_person(path, ADA, KEY), lambda path: read_person(path, KEY)),
    "crops": _signed("a.crops", lambda path: write_crops(path, {"a": b"png"}, KEY), lambda path: read_crops(path, KEY)),
    "set aside": _signed(
        "a.aside",
        lambda path: write_set_aside(path, [SetAside("a.jpg", "/b.jpg", "0" * 64)], KEY),
        lambda path: read_set_aside(path, KEY),
    ),
    "corrections": _signed("gallery/corrections.pkl", _corrections, lambda path: read_corrections(path.parent)),
    "answers": _signed("gallery/answers.pkl", _answers, lambda path: read_answers(path.parent)),
    "step": _signed(f"gallery/{STEPS_FOLDER}/00000001.step", _step, lambda path: read_step(path.parent.parent, 1)),
    "averages": _signed("averages.pkl", _averages, lambda path: read_faces(path, NETWORK)),
    "foreign pickle": Decoder(_foreign, _file("a.pkl", read_foreign_vectors)),
    "backup": Decoder(_backups, _restore),
    "gallery.json": Decoder(_manifest, _file("gallery.json", lambda path: read_manifest(path.parent))),
    "reasons.json": Decoder(_reasons, _file("reasons.json", lambda path: write_reasons(path.parent, {}))),
    "network.json": Decoder(_network_json, _file("network.json", lambda path: read_recipe(path.parent))),
    "head.json": _head("head.json"),
    "head.npz": _head("head.npz"),
    "cohort.npz": _head("cohort.npz"),
    "books": Decoder(_books, _file("books", read_books)),
    "events": Decoder(_events, _file("events.sqlite", lambda path: read_events(path, EventQuery()))),
    "configuration": Decoder(_configuration, _file("pipeline.toml", load_settings)),
    "picture": Decoder(_pictures, lambda data, _folder: decode_image(data, "picture")),
    "token": Decoder(_token, _file("token", TokenFile)),
    "message": Decoder(_headers, _decode_header),
    "recording": Decoder(_recording, _file("film.rec", lambda path: list(read_recording(path)[1]))),
    "credit": Decoder(
        lambda _folder: [pack_credit(Credit(7, 2, 0, Answer(1, 2)))], lambda data, _folder: unpack_credit(data)
    ),
}
