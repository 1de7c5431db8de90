"""What documents and code say of each other is there: links, headings, modules, and decisions."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from twinface.cli.main import app
from twinface.settings import WebSettings

ROOT = Path(__file__).resolve().parents[2]
CODE = {".py", ".toml", ".conf", ".service", ".js", ".yml", ".yaml"}
PLACES = (ROOT, ROOT / "twinface", ROOT / "tests", ROOT / "benchmarks")

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_DOCUMENT = re.compile(r"\bdocs/[\w./-]*\w")
_MODULE = re.compile(r"`([\w/]+\.py)`")
_PAGE_PORT = re.compile(r"(?:\bbox[:\", ]+|127\.0\.0\.1:(?=\d+/api))(\d{4,5})\b")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _files() -> Iterator[Path]:
    """Every file of the project; not what is installed, cached or belongs to Git."""
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(name for name in names if not name.startswith((".venv", ".git")) and "cache" not in name)
        yield from (Path(folder, file) for file in sorted(files))


FILES = tuple(_files())
DOCUMENTS = tuple(path for path in FILES if path.suffix == ".md")
OF_TODAY = tuple(path for path in DOCUMENTS if path.name != "CHANGELOG.md")
"""Documents that tell what is, not what was."""
MODULES = {path.relative_to(ROOT).as_posix() for path in FILES if path.suffix == ".py"}


def anchors(document: str) -> set[str]:
    """The anchors that a page of Markdown has for its headings, as GitHub makes them."""
    headings = re.findall(r"^#+\s+(.+?)\s*$", _FENCE.sub("", document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> list[str]:
    """The links of a document that lead to no file or heading of the project; those to other sites are not followed."""
    broken = []
    for link in _LINK.findall(_FENCE.sub("", path.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_a_link_to_a_file_or_heading_that_is_not_there_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# What it is\n\n```\n# no heading\n[no link](gone.md)\n```\n")
    page = tmp_path / "page.md"
    page.write_text("[a](other.md#what-it-is) [b](gone.md) [c](other.md#no-heading) [d](https://example.org) [e](#x)")
    assert broken_links(page) == ["gone.md", "other.md#no-heading", "#x"]
    assert broken_links(tmp_path / "other.md") == []


def _named_in_code() -> Iterator[tuple[str, str]]:
    """Each document that code, configuration or a script names, with where it does."""
    for path in FILES:
        if path.suffix not in CODE and path.parent.name not in {"scripts", ".ci"}:
            continue
        for name in _DOCUMENT.findall(path.read_text(encoding="utf-8")):
            yield path.relative_to(ROOT).as_posix(), name


def test_every_document_that_code_names_is_there() -> None:
    named = [one for one in _named_in_code() if one[0] != "tests/unit/test_documents.py"]
    assert len(named) > 10
    assert [(where, name) for where, name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", OF_TODAY, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_that_a_document_names_is_there(path: Path) -> None:
    """By its path, from the top or from a room; by its bare name where the sentence says which room."""
    bare = {module.rpartition("/")[2] for module in MODULES}
    places = [place.relative_to(ROOT).as_posix().removeprefix(".") for place in PLACES]
    for name in _MODULE.findall(path.read_text(encoding="utf-8")):
        found = name in bare if "/" not in name else any(f"{place}/{name}".lstrip("/") in MODULES for place in places)
        assert found, name


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_every_document_stands_in_the_index_of_its_folder(folder: str) -> None:
    place = ROOT / folder
    listed = _LINK.findall((place / "README.md").read_text(encoding="utf-8"))
    assert {path.name for path in place.glob("*.md")} - {"README.md"} <= set(listed)
    assert len(listed) == len(set(listed))


def test_documents_give_the_page_its_usual_port() -> None:
    port = str(WebSettings().port)
    given = [(path, found[1]) for path in OF_TODAY for found in _PAGE_PORT.finditer(path.read_text(encoding="utf-8"))]
    assert len(given) > 5
    assert [(path, other) for path, other in given if other != port] == []


def test_the_readme_is_read_in_one_go() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


TWINFACE: Any = typer.main.get_command(app)

_CALLED = re.compile(r"(?:^ {4}|`|; )twinface ([^`#;\n]*)", re.MULTILINE)


def unknown_words(called: str) -> list[str]:
    """What a line that calls `twinface` has, in its command or its options, that there is not."""
    command = TWINFACE
    words = re.findall(r"(?:--)?[A-Za-z][\w-]*", called)
    options = {option for parameter in command.params for option in parameter.opts}
    while words and getattr(command, "commands", None):
        if words[0].startswith("--") or words[0] == "COMMAND":
            break
        if words[0] not in command.commands:
            return words[:1]
        command = command.commands[words.pop(0)]
        options |= {option for parameter in command.params for option in parameter.opts}
    return [word for word in words if word.startswith("--") and word not in options | {"--help"}]


@pytest.mark.parametrize("path", OF_TODAY, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_a_document_calls_is_there_with_its_options(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [(called, found) for called in _CALLED.findall(text) if (found := unknown_words(called))] == []


def test_a_command_or_option_that_is_not_there_is_found() -> None:
    page = (
        "    twinface watch --json  # --never\n\nAs `twinface gallery add --gone; twinface sing` or `twinface COMMAND`."
    )
    assert [unknown_words(called) for called in _CALLED.findall(page)] == [[], ["--gone"], ["sing"], []]
