"""What installs and starts a box agrees: script, Containerfile, unit, compose file, manifest, lock file, settings."""

import configparser
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from twinface.settings_file import load_settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
STATE = "/var/lib/twinface"
CONFIG = "/etc/twinface/pipeline.toml"
LINES = [line for line in (DEPLOY / "Containerfile").read_text().splitlines() if line and not line.startswith("#")]


def _all_of(word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in LINES if line.startswith(f"{word} ")]


def _unit() -> configparser.SectionProxy:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read(DEPLOY / "twinface.service")
    return unit["Service"]


def _compose() -> dict[str, Any]:
    box: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["twinface"]
    return box


def _manifest(kind: str) -> dict[str, Any]:
    return next(one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()) if one["kind"] == kind)


def test_the_container_is_made_by_the_steps_of_the_script_alone() -> None:
    done = re.findall(r"/src/deploy/install\.sh ([a-z ]+)", "\n".join(_all_of("RUN")))
    steps = [step for steps in done for step in steps.split()]
    script = (DEPLOY / "install.sh").read_text()
    [everything] = re.findall(r"\|\| set -- (.+)", script)
    assert sorted(set(steps)) == sorted(set(everything.split()) - {"service"})
    assert steps.index("package") < steps.index("models"), "the network is fetched by what was installed"
    for line in _all_of("RUN"):
        rest = re.sub(r"/src/deploy/install\.sh [a-z ]+|rm -rf? \S+|&&", "", line)
        assert not rest.strip(), f"what {line!r} does is in no step that a test runs"
    for step in everything.split():
        assert re.search(rf"^# .*\b{step}  ", script, re.MULTILINE), f"{step} is not explained"


def test_whatever_is_copied_is_there_and_not_kept_out() -> None:
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    sources = [word for line in _all_of("COPY") if "--from" not in line for word in line.split()[:-1]]
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source.partition('/')[0]}" in ignored, source


def test_who_runs_it_and_where_everything_is_kept_is_one_thing() -> None:
    [user], [volume] = _all_of("USER"), _all_of("VOLUME")
    pod = _manifest("StatefulSet")["spec"]["template"]["spec"]
    uid = int(user.partition(":")[0])
    assert f"TWINFACE_UID={uid}" in _all_of("ENV")[0]
    assert {pod["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {uid}
    assert volume == STATE == _unit()["WorkingDirectory"]
    assert f"state={STATE}\n" in (DEPLOY / "install.sh").read_text()
    assert f"state:{STATE}" in _compose()["volumes"]
    assert f"./pipeline.toml:{CONFIG}:ro" in _compose()["volumes"]
    for container in (*pod["initContainers"], *pod["containers"]):
        mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert mounts == {"state": STATE, "run": "/tmp", "config": str(Path(CONFIG).parent)}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert _unit()["ExecStart"] == f"/usr/local/bin/twinface up --config {CONFIG}"


def test_the_port_is_that_of_the_settings(tmp_path: Path) -> None:
    config = tmp_path / "pipeline.toml"
    config.write_text(_manifest("ConfigMap")["data"]["pipeline.toml"])
    in_cluster, installed = load_settings(config).web, load_settings(DEPLOY / "pipeline.toml").web
    [port] = _all_of("EXPOSE")
    assert {str(in_cluster.port), str(installed.port)} == {port}
    assert f"127.0.0.1:{port}:{port}" in _compose()["ports"]
    assert _manifest("Service")["spec"]["ports"][0]["port"] == int(port)
    assert installed.host == "127.0.0.1", "a box that was just installed lets nobody in"


def test_the_container_may_do_nothing_that_it_need_not() -> None:
    box = _compose()
    assert box["read_only"] is True
    assert box["cap_drop"] == ["ALL"]
    assert box["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= box.keys()
    assert _all_of("ENTRYPOINT") == ['["tini", "--", "twinface"]'], "as process 1 it would not hear an early SIGTERM"


def test_the_unit_leaves_little_to_who_gets_into_it() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze, of the package systemd")
    command = [analyze, "security", "--offline=true", "--no-pager", "--threshold=25", str(DEPLOY / "twinface.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr
    assert "Overall exposure level" in done.stdout


def test_every_dependency_is_locked_within_its_bounds_and_by_its_hash() -> None:
    locked = (DEPLOY / "lock.txt").read_text()
    versions = dict(re.findall(r"^([\w.-]+)==(\S+) \\$", locked, re.MULTILINE))
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(versions.get(wanted.name, "0")), f"{line}: run scripts/lock"
    for package in re.split(r"^(?=[\w.-]+==)", locked, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in package


@pytest.mark.parametrize("arguments", [["paint"], ["system", "paint"]])
def test_a_step_that_is_not_there_is_refused_before_anything_is_done(arguments: list[str]) -> None:
    script = DEPLOY / "install.sh"
    assert script.stat().st_mode & stat.S_IXUSR
    done = subprocess.run([script, *arguments], capture_output=True, text=True, env={"PATH": "/nowhere"}, check=False)
    assert done.returncode == 2
    assert "no step is called paint" in done.stderr
    assert done.stderr.count("\n") == 1, "it went on"
