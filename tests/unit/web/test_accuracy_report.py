from pathlib import Path

import pytest
from browser import Browser
from made_features import make_features
from made_groups import two_groups

from twinface.evaluation.differentials.on_groups import evaluate_groups
from twinface.evaluation.protocols.on_features import evaluate_features
from twinface.evaluation.report.page import write_report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("report")
    files = [f"{kind}_{n}.jpg" for kind in ("frontal", "profile") for n in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINFACE_KEY_FILE", str(folder / "key"))
        write_report(folder, evaluate_features(make_features(folder / "features", 40, files), people="all"))
    return folder / "report.html"


@pytest.fixture(scope="module")
def groups_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("groups")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINFACE_KEY_FILE", str(folder / "key"))
        features, labels = two_groups(folder)
        write_report(folder, evaluate_groups(features, labels, people="all", rate=0.02, by=["group", "group,sex"]))
    return folder / "report.html"


@pytest.mark.parametrize("width_px", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_the_report_of_an_evaluation_fits_and_follows_the_theme(
    browser: Browser, report: Path, groups_report: Path, width_px: int, dark: bool
) -> None:
    for page, pictures in ((report, 4), (groups_report, 6)):
        check_page(browser, page, pictures, width_px, dark)


def check_page(browser: Browser, page: Path, pictures: int, width_px: int, dark: bool) -> None:
    browser.messages.clear()
    browser.open(f"file://{page}", width_px, dark=dark)
    browser.wait_until(f"document.readyState == 'complete' && document.images.length == {pictures}")
    browser.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert browser.evaluate("document.documentElement.scrollWidth") == width_px
    assert browser.evaluate("[...document.images].every(image => image.naturalWidth > 500)")
    pixel = """(() => {
        const canvas = document.createElement('canvas'), draw = canvas.getContext('2d');
        draw.drawImage(document.images[0], 0, 0);
        return draw.getImageData(0, 0, 1, 1).data[0];
    })()"""
    assert (browser.evaluate(pixel) < 100) is dark
    assert browser.messages == []
