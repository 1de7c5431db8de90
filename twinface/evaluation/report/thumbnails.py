"""Small pictures of faces and what they are called, to look at the worst errors; a sheet of them as one picture."""

import base64
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.evaluation.figures.results import FeaturesEvaluation, PairsEvaluation
from twinface.evaluation.figures.verification import WorstPair, worst_pairs
from twinface.evaluation.report.page_parts import LIGHT, as_png
from twinface.evaluation.report.wording import score_text
from twinface.faces.alignment import align_face
from twinface.faces.choice import pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.picture_files import read_image
from twinface.recognition.embedding import open_detector
from twinface.text import printable
from twinface.types import Image

SIDE_PX = 112
_JPEG_QUALITY = 82

_COLUMNS = 4
_CELL_INCH = (2.5, 1.65)
_DPI = 110


def picture_name(done: PairsEvaluation | FeaturesEvaluation, number: int) -> str:
    """A picture's folder, which is its person, and file, for people to read."""
    if isinstance(done, PairsEvaluation):
        return printable("/".join(done.pictures[number].parts[-2:]))
    return printable(f"{done.people[done.verifications[0].pairs.person[number]]}/{done.files[number]}")


def picture_path(done: PairsEvaluation | FeaturesEvaluation, number: int) -> Path | None:
    """Where it lies; None where that is not known."""
    return done.pictures[number] if done.pictures else None


class Thumbnails:
    """The main face of pictures, cut as the network sees it; of one without a face the middle of the picture.

    Of a picture that cannot be read there is none. Each is read once.
    """

    def __init__(self) -> None:
        self._detector: FaceDetector | None = None
        self._cut: dict[Path, Image | None] = {}

    def image(self, path: Path) -> Image | None:
        """The thumbnail, uint8 (112, 112, 3) BGR."""
        if path not in self._cut:
            try:
                self._cut[path] = self._cut_face(read_image(path))
            except InputError:
                self._cut[path] = None
        return self._cut[path]

    def data_url(self, path: Path) -> str | None:
        """The thumbnail as a JPEG in a data: URL."""
        image = self.image(path)
        if image is None:
            return None
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"

    def _cut_face(self, image: Image) -> Image:
        self._detector = self._detector or open_detector()
        faces = self._detector.detect(image)
        if faces:
            return align_face(image, pick_main_face(faces, image.shape).landmarks_px, SIDE_PX)
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        middle = image[top : top + side, left : left + side]
        return np.asarray(cv2.resize(middle, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def contact_sheet(done: PairsEvaluation | FeaturesEvaluation, thumbnails: Thumbnails, count: int) -> bytes | None:
    """A PNG with the worst `count` pairs of each kind, score and names below; None where no picture can be shown."""
    from matplotlib.figure import Figure

    pairs = done.verification.pairs if isinstance(done, PairsEvaluation) else done.verifications[0].pairs
    kinds = [
        ("Different people who look alike", worst_pairs(pairs, count, same=False)),
        ("One person in unlike pictures", worst_pairs(pairs, count, same=True)),
    ]
    shown = [(title, [(one, *_faces(done, one, thumbnails)) for one in worst]) for title, worst in kinds]
    if all(left is None and right is None for _, cells in shown for _, left, right in cells):
        return None
    lines = [-(-len(cells) // _COLUMNS) for _, cells in shown]
    figure = Figure((_COLUMNS * _CELL_INCH[0], sum(lines) * _CELL_INCH[1] + 0.9), dpi=_DPI, facecolor=LIGHT.paper)
    parts = figure.subfigures(2, 1, height_ratios=lines, squeeze=False)[:, 0]
    for part, line_count, (title, cells) in zip(parts, lines, shown, strict=True):
        part.suptitle(title, x=0.012, ha="left", size=12, color=LIGHT.ink)
        grid = part.subplots(line_count, 2 * _COLUMNS, squeeze=False)
        part.subplots_adjust(left=0.012, right=0.988, top=0.9, bottom=0.1, wspace=0.06, hspace=0.42)
        for axes in grid.flat:
            axes.axis("off")
        for place, (one, left, right) in enumerate(cells):
            line, column = divmod(place, _COLUMNS)
            for side, face in enumerate((left, right)):
                if face is not None:
                    grid[line][2 * column + side].imshow(face[..., ::-1])
            names = "\n".join(picture_name(done, number) for number in (one.first, one.second))
            grid[line][2 * column].text(
                0, -0.05, f"{score_text(one.score)}  {names}", transform=grid[line][2 * column].transAxes,
                va="top", size=6.5, color=LIGHT.faint,
            )  # fmt: skip
    return as_png(figure)


def _faces(
    done: PairsEvaluation | FeaturesEvaluation, one: WorstPair, thumbnails: Thumbnails
) -> tuple[Image | None, Image | None]:
    paths = [picture_path(done, number) for number in (one.first, one.second)]
    first, second = (thumbnails.image(path) if path else None for path in paths)
    return first, second
