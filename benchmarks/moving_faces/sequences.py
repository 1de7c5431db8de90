"""Sequences with ground truth: people cross, meet, vanish behind things, come and go."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from moving_faces.people import Sprite
from twinface.types import Image

WIDTH_PX, HEIGHT_PX = 640, 360
SECONDS = 6.0

Place = tuple[float, float, float]
"""Middle of a face, x and y in pixels, and its width in pixels."""
Motion = Callable[[float], Place | None]
"""Where a face is at a time in seconds; None while it is not there."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who moves; later ones of a list pass in front of earlier ones."""

    person: int
    motion: Motion


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens: who moves how, pillars (left, right) in front of all, and how often a detection is missed."""

    actors: tuple[Actor, ...]
    pillars: tuple[tuple[int, int], ...] = ()
    missed: float = 0.05
    bursts: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TrueFace:
    """Whose face is where in a frame, and how much of it can be seen, 0…1."""

    person: int
    box_xyxy: NDArray[np.float32]
    visible: float


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One frame of a sequence. `blind` are the people whose detections are to be left out."""

    image: Image
    time_ms: float
    faces: tuple[TrueFace, ...]
    blind: frozenset[int]


def _walk(rng: np.random.Generator, start: float, end: float, y: float, width: float) -> Motion:
    """From `start` to `end` (x) in the length of a sequence, bobbing."""
    phase, bob = rng.uniform(0, 2 * np.pi), rng.uniform(2, 6)

    def path(t: float) -> Place:
        return start + (end - start) * t / SECONDS, y + bob * np.sin(2 * np.pi * 1.8 * t + phase), width

    return path


def _crossing(rng: np.random.Generator) -> Scene:
    """Two walk past each other, one before the other."""
    y, width = rng.uniform(150, 210), rng.uniform(55, 80)
    left = _walk(rng, -20, 660, y, width)
    right = _walk(rng, 660, -20, y + rng.uniform(-0.25, 0.25) * width, width * rng.uniform(0.85, 1.15))
    return Scene((Actor(0, left), Actor(1, right)))


def _meeting(rng: np.random.Generator) -> Scene:
    """Two come together, one half hides the other for a while, and both go back where they came from."""
    y, width = rng.uniform(150, 210), rng.uniform(55, 80)
    near = rng.uniform(0.1, 0.3) * width

    def side(sign: int) -> Motion:
        def path(t: float) -> Place:
            together = np.clip(1.6 - abs(t - 3.0), 0, 1)
            away = 190 * (1 - together * together * (3 - 2 * together)) + near
            return 320 + sign * away, y + 3 * np.sin(4 * t + sign), width

        return path

    return Scene((Actor(0, side(-1)), Actor(1, side(1))))


def _pillars(rng: np.random.Generator) -> Scene:
    """Three pass behind two pillars."""
    walks = [(-20, 660, 110), (660, -20, 200), (100, 520, 290)]
    widths = rng.uniform(45, 65, 3)
    actors = [
        Actor(n, _walk(rng, start, end, y, width))
        for n, ((start, end, y), width) in enumerate(zip(walks, widths, strict=True))
    ]
    return Scene(tuple(actors), pillars=((190, 260), (400, 450)))


def _missed(rng: np.random.Generator) -> Scene:
    """Three walk beside each other, and the detector misses a fifth, often for half a second."""
    starts = rng.uniform(60, 200, 3)
    actors = [
        Actor(n, _walk(rng, start, start + rng.uniform(250, 380), 85 + 95 * n, rng.uniform(50, 70)))
        for n, start in enumerate(starts)
    ]
    return Scene(tuple(actors), missed=0.2, bursts=True)


def _doors(rng: np.random.Generator) -> Scene:
    """Somebody comes in at each side and leaves again; shortly after another comes in there."""

    def visit(outside: Place, inwards: float, start: float, end: float) -> Motion:
        def path(t: float) -> Place | None:
            if not start <= t <= end:
                return None
            return outside[0] + inwards * np.sin(np.pi * (t - start) / (end - start)), *outside[1:]

        return path

    gap = rng.uniform(0.3, 0.6)
    actors = []
    for side, (x, inwards) in enumerate(((-60, 240), (700, -240))):
        change = rng.uniform(2.6, 3.2)
        y, width = rng.uniform(120, 240), rng.uniform(50, 75)
        actors.append(Actor(2 * side, visit((x, y, width), inwards, 0.0, change)))
        actors.append(Actor(2 * side + 1, visit((x, y + 8, width * 1.05), inwards, change + gap, SECONDS)))
    return Scene(tuple(actors))


def _crowd(rng: np.random.Generator) -> Scene:
    """Five wander about and pass each other again and again."""

    def wander() -> Motion:
        rates, phases = rng.uniform(0.12, 0.32, 2), rng.uniform(0, 2 * np.pi, 2)
        width = rng.uniform(45, 65)

        def path(t: float) -> Place:
            x, y = np.sin(2 * np.pi * rates * t + phases)
            return 320 + 260 * x, 180 + 95 * y, width * (1 + 0.12 * y)

        return path

    return Scene(tuple(Actor(n, wander()) for n in range(5)))


SCENES: dict[str, Callable[[np.random.Generator], Scene]] = {
    "crossing": _crossing,
    "meeting": _meeting,
    "pillars": _pillars,
    "missed": _missed,
    "doors": _doors,
    "crowd": _crowd,
}
RATES = ("25", "12.5", "5", "uneven")
"""Frames a second; "uneven" is a busy box that leaves out up to five of 25 at a time."""


def play(kind: str, rate: str, sprites: Sequence[Sprite], seed: int, *, shaking: bool = True) -> Iterator[Shot]:
    """The frames of one sequence; the same for the same arguments."""
    rng = np.random.default_rng([seed, list(SCENES).index(kind), RATES.index(rate)])
    scene = SCENES[kind](rng)
    background, noise = _background(rng), rng.normal(0, 3, (2 * HEIGHT_PX, WIDTH_PX, 3)).astype(np.int8)
    misses = dict.fromkeys((actor.person for actor in scene.actors), 0.0)
    for t in _times_s(rate, rng):
        for person in misses:
            if t >= misses[person] and rng.random() < (scene.missed / 4 if scene.bursts else scene.missed):
                misses[person] = t + (rng.uniform(0.1, 0.5) if scene.bursts else 1e-6)
        shake = rng.normal(0, 0.7, 2) * shaking
        image = np.roll(background, int(shake[0]), axis=1).copy()
        faces = _paint(image, scene, sprites, t, shake)
        first = int(rng.integers(HEIGHT_PX))
        image = np.clip(image + noise[first : first + HEIGHT_PX].astype(np.int16), 0, 255).astype(np.uint8)
        yield Shot(image, 1000 * t, faces, frozenset(person for person, until in misses.items() if until > t))


def _times_s(rate: str, rng: np.random.Generator) -> list[float]:
    if rate != "uneven":
        return [number / float(rate) for number in range(int(SECONDS * float(rate)))]
    steps = np.cumsum(rng.integers(1, 7, int(SECONDS * 25)))
    return [float(step) / 25 for step in steps if step < SECONDS * 25]


def _background(rng: np.random.Generator) -> Image:
    coarse = rng.integers(50, 150, (9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


def _paint(
    image: Image, scene: Scene, sprites: Sequence[Sprite], t: float, shake: NDArray[np.float64]
) -> tuple[TrueFace, ...]:
    """Paint everybody into `image`, and say whose face is where."""
    cover = np.zeros(image.shape[:2], np.int32)
    boxes: dict[int, NDArray[np.float32]] = {}
    for layer, actor in enumerate(scene.actors, start=1):
        place = actor.motion(t)
        if place is not None:
            shaken = (place[0] + shake[0], place[1] + shake[1], place[2])
            turn, light = 6 * np.sin(1.3 * t + layer), 1 + 0.12 * np.sin(0.9 * t + 2 * layer)
            boxes[layer] = _paste(image, cover, layer, sprites[actor.person], shaken, turn=turn, light=light)
    for left, right in scene.pillars:
        image[:, left:right] = (70, 90, 110)
        cover[:, left:right] = -1
    return tuple(
        TrueFace(scene.actors[layer - 1].person, box_xyxy, _seen(box_xyxy, cover == layer))
        for layer, box_xyxy in boxes.items()
    )


def _paste(
    image: Image, cover: NDArray[np.int32], layer: int, sprite: Sprite, place: Place, *, turn: float, light: float
) -> NDArray[np.float32]:
    """Blend a head in, turned by `turn` degrees, and mark where it is in `cover`; its box, float32 (4,)."""
    x, y, width = place
    reach = int(1.2 * width)
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    right, bottom = min(WIDTH_PX, int(x) + reach), min(HEIGHT_PX, int(y) + reach)
    middle = (sprite.box_xyxy[:2] + sprite.box_xyxy[2:]) / 2
    scale = width / float(sprite.box_xyxy[2] - sprite.box_xyxy[0])
    half = (sprite.box_xyxy[2:] - sprite.box_xyxy[:2]) * np.float32(scale / 2)
    box_xyxy = np.array([x - half[0], y - half[1], x + half[0], y + half[1]], np.float32)
    if left >= right or top >= bottom:
        return box_xyxy
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), turn, scale)
    matrix[:, 2] += np.array([x - left, y - top]) - middle
    size = (right - left, bottom - top)
    head = cv2.warpAffine(sprite.image, matrix, size).astype(np.float32) * light
    opacity = np.asarray(cv2.warpAffine(sprite.opacity, matrix, size), np.float32)
    under = image[top:bottom, left:right]
    under[:] = np.clip(under * (1 - opacity[..., None]) + head * opacity[..., None], 0, 255).astype(np.uint8)
    cover[top:bottom, left:right][opacity > 0.5] = layer
    return box_xyxy


def _seen(box_xyxy: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Share of a box, 0…1, that is in the frame and marked."""
    left, top, right, bottom = (box_xyxy + 0.5).astype(int)
    inside = mask[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return float(inside.sum()) / max(1, (right - left) * (bottom - top))
