"""The rules of the house that can be checked without running it. Who may import whom stands in pyproject.toml."""

import ast
import logging
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from twinface.processes import PROCESSES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*ROOT.glob("twinface/**/*.py"), *ROOT.glob("services/*.py")])
MAINS = sorted(path for path in ROOT.glob("services/*.py") if path.stem != "__init__")
LONGEST_CHAIN = 12
MOST_LINES = 400
HEAVY = {"fastapi", "jinja2", "keras", "matplotlib", "psycopg", "starlette", "tensorflow", "uvicorn"}


def _imports(tree: ast.AST) -> set[str]:
    """Top-level packages that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def _room(path: Path) -> str:
    return "/".join(path.relative_to(ROOT).parts[:2])


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("apprise", {"twinface/delivery"}),
        ("fcntl", {"twinface/locks.py", "twinface/discovery"}),
        ("zmq", {"twinface/bus"}),
        ("pickle", {"twinface/gallery"}),
        ("sqlite3", {"twinface/events", "twinface/unknowns"}),
        ("tensorflow", {"twinface/training", "twinface/distillation"}),
        ("keras", {"twinface/training", "twinface/distillation"}),
        ("jinja2", {"twinface/evaluation"}),
        ("matplotlib", {"twinface/evaluation"}),
        ("starlette", {"twinface/web"}),
        ("uvicorn", {"twinface/web"}),
        ("paho", {"twinface/mqtt"}),
        ("psycopg", {"twinface/gallery", "twinface/postgres", "twinface/sharing"}),
        ("supervisor", {"twinface/box"}),
    ],
)
def test_a_package_is_known_to_its_room_only(trees: dict[Path, ast.Module], package: str, rooms: set[str]) -> None:
    users = {_room(path) for path, tree in trees.items() if package in _imports(tree)}
    assert users <= rooms


def test_a_stage_is_handed_its_clock(trees: dict[Path, ast.Module]) -> None:
    stages = {path.name: _imports(tree) for path, tree in trees.items() if _room(path) == "twinface/live"}
    assert "matcher.py" in stages
    assert {name: found for name, found in stages.items() if found & {"time", "datetime"}} == {}


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, and not in one within it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _own_nodes(node)


def test_a_stage_says_what_happened_by_what_it_returns_or_yields(trees: dict[Path, ast.Module]) -> None:
    """Not by both: what a generator returns beside its values is lost on whoever takes them in a loop."""
    both = []
    for path, tree in trees.items():
        for function in ast.walk(tree):
            if _room(path) != "twinface/live" or not isinstance(function, ast.FunctionDef):
                continue
            nodes = [*_own_nodes(function)]
            if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes):
                both += [f"{path.name}:{one.lineno}" for one in nodes if isinstance(one, ast.Return) and one.value]
    assert both == []


def test_no_file_is_longer_than_a_newcomer_reads_at_once(trees: dict[Path, ast.Module]) -> None:
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in trees}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_chain_of_imports_is_long(trees: dict[Path, ast.Module]) -> None:
    """Whoever changes the last module of a chain may break the first. Rooms below import the module that defines a
    name, not the package that offers it to the rooms above."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in trees}
    imported: dict[str, set[str]] = {}
    for name, path in names.items():
        found = [node for node in ast.walk(trees[path]) if isinstance(node, ast.ImportFrom) and node.module]
        both = {(f"{node.module}.{alias.name}", node.module or "") for node in found for alias in node.names}
        imported[name] = {full if full in names else module for full, module in both} & names.keys() - {name}

    @cache
    def chain(name: str) -> tuple[str, ...]:
        return (name, *max((chain(other) for other in imported[name]), key=len, default=()))

    longest = max(map(chain, names), key=len)
    assert len(longest) <= LONGEST_CHAIN, " > ".join(longest)


def test_import_contracts_are_kept() -> None:
    lint = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "unused"),
    [
        ("camera", {"ssl"}),
        ("extractor", {"cv2"}),
        ("matcher", {"cv2"}),
        ("sentinel", {"cv2"}),
        ("web", {"cv2"}),
        ("webhooks", {"cv2"}),
        ("mqtt", {"cv2"}),
        ("sync", {"cv2"}),
    ],
)
def test_a_process_loads_only_what_it_needs(name: str, unused: set[str]) -> None:
    """Each package that is loaded costs a start time, and the box memory for as long as it runs."""
    script = f"import sys, services.{name}; print(*sorted({{one.partition('.')[0] for one in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "twinface" in loaded
    others = {"rich", "typer"} if name == "web" else {"asyncio", "rich", "typer", *HEAVY}
    assert loaded & (unused | others) == set()


def test_an_extractor_carries_one_runtime() -> None:
    script = "import sys, services.extractor as one; one.load_network('face'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "ai_edge_litert" in done.stdout.split()
    assert "cv2" not in done.stdout.split()


@pytest.mark.parametrize("words", [(), ("gallery",), ("events",), ("evaluate",), ("up",)])
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    """Loading them is most of the time that it took. typer itself loads pydantic for options before a command."""
    script = """if True:
        import sys
        from twinface.cli.main import app
        try:
            app(sys.argv[1:])
        finally:
            sys.stderr.write(" ".join({one.partition(".")[0] for one in sys.modules}))
    """
    command = [sys.executable, "-c", script, *words, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    slow = {*HEAVY, "ai_edge_litert", "cv2", "msgpack", "numpy", "psutil", "pydantic", "sqlite3", "supervisor", "zmq"}
    assert set(done.stderr.split()) & slow <= ({"pydantic"} if words else set())


def test_no_module_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > 500} == {}


def test_functions_fit_a_screen(trees: dict[Path, ast.Module]) -> None:
    """All but three; and what a command does below the declaration of its options, without exception."""
    functions = [
        (path, node)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f"{path.stem}.{node.name}" for path, node in functions if (node.end_lineno or 0) - node.lineno >= 50]
    assert len(long) <= 3, long
    bodies = {
        f"{path.stem}.{node.name}": (node.end_lineno or 0) - node.body[0].lineno + 1
        for path, node in functions
        if "cli" in path.parts
    }
    assert {name: lines for name, lines in bodies.items() if lines > 40} == {}


@pytest.mark.parametrize("path", MAINS, ids=lambda path: path.stem)
def test_a_main_only_wires(trees: dict[Path, ast.Module], path: Path) -> None:
    """Short, with few branches, one class that is named after the process, and `_work`, which lets it run."""
    tree = trees[path]
    assert len(path.read_text().splitlines()) <= 120
    assert sum(isinstance(node, ast.For | ast.While | ast.If | ast.IfExp | ast.Try) for node in ast.walk(tree)) <= 20
    kinds = (ast.Expr, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.If)
    assert all(isinstance(node, kinds) for node in tree.body)
    assert [node.name for node in tree.body if isinstance(node, ast.ClassDef)] == [f"_{path.stem.capitalize()}"]
    (work,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_work")
    assert ast.unparse(work.args) == "node: Node, settings: Settings"
    assert f"_{path.stem.capitalize()}(node, settings)" in ast.unparse(work)


def test_no_field_of_a_log_line_has_a_name_of_the_logging_package(trees: dict[Path, ast.Module]) -> None:
    """Python raises KeyError for such a field, at the one moment when something has to be said."""
    taken = {*vars(logging.makeLogRecord({})), "message", "asctime"}
    extras = [
        (path.name, node.lineno, key.value)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    ]
    assert len(extras) > 20
    assert [one for one in extras if one[2] in taken] == []


@pytest.mark.parametrize("text", ["head.json", "learnt_from"])
def test_what_a_head_is_called_on_disk_is_known_to_one_file(trees: dict[Path, ast.Module], text: str) -> None:
    """Everybody else opens, reads and writes a head by the functions of that file."""
    users = set()
    for path, tree in trees.items():
        explained = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in explained]
        if any(text in node.value for node in constants if isinstance(node.value, str)):
            users.add(str(path.relative_to(ROOT)))
    assert users == {"twinface/matching/head_folder.py"}


def test_there_is_a_main_for_every_process() -> None:
    assert {path.stem for path in MAINS} == {process.name for process in PROCESSES}


def test_wire_bodies_are_decoded_in_one_place(trees: dict[Path, ast.Module]) -> None:
    users = {_room(path) for path, tree in trees.items() if "msgpack" in _imports(tree)}
    assert users == {"twinface/bus", "twinface/messages"}


def test_commands_ask_through_the_console_only(trees: dict[Path, ast.Module]) -> None:
    """So that whatever asks somebody at a terminal says elsewhere which option answers."""
    asking = {"sys.stdin", "typer.confirm", "typer.prompt", "input"}
    found = [
        f"{path.name}:{node.lineno}"
        for path, tree in trees.items()
        if "cli" in path.parts and path.stem not in {"console", "output_streams"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in asking
    ]
    assert found == []


def test_commands_print_through_the_console_only(trees: dict[Path, ast.Module]) -> None:
    """So that no name or path reaches a terminal, or a stream that cannot show it, as it is."""
    forbidden = {
        "typer.echo",
        "typer.secho",
        "typer.confirm",
        "typer.prompt",
        "print",
        "sys.stdout.write",
        "sys.stderr",
    }
    found = [
        f"{path.name}:{node.lineno} {ast.unparse(node)}"
        for path, tree in trees.items()
        if "cli" in path.parts and path.stem not in {"console", "output_streams"}
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in forbidden)
        or (isinstance(node, ast.ImportFrom) and node.module in {"rich.console", "rich.markup"})
    ]
    assert found == []
