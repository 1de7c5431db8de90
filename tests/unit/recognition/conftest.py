import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def people(tmp_path: Path, portraits: Path) -> Path:
    """Two people with two pictures each; one has a picture without a face and one that is no picture as well."""
    for person in ("a", "b"):
        (tmp_path / "people" / person).mkdir(parents=True)
        for number in (1, 2):
            shutil.copy(portraits / f"person_{person}_{number}.jpg", tmp_path / "people" / person / f"{number}.jpg")
    cv2.imwrite(str(tmp_path / "people" / "b" / "empty.png"), np.full((200, 200, 3), 90, np.uint8))
    (tmp_path / "people" / "b" / "broken.jpg").write_bytes(b"broken")
    (tmp_path / "people" / "nobody").mkdir()
    return tmp_path / "people"
