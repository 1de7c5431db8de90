"""What docs/rollout.md says of the database that boxes share, done with a real server."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import until
from postgres_server import PostgresServer, make_server

from twinface.postgres.connecting import check_server, connect
from twinface.postgres.migrations import migrate
from twinface.sharing.all_boxes import boxes_of
from twinface.sharing.identity import Identity
from twinface.sharing.own_box import OwnBox

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.database.yaml").read_text())
MANIFESTS = [*yaml.safe_load_all((ROOT / "deploy/kubernetes-database.yaml").read_text())]


def the(kind: str) -> dict[str, Any]:
    [found] = [one for one in MANIFESTS if one["kind"] == kind]
    return found  # type: ignore[no-any-return]


def names(url: str) -> list[str]:
    with connect(url, "test") as connection:
        return [box.name for box in boxes_of(connection)]


def joins(url: str, name: str) -> None:
    with connect(url, "test") as connection:
        check_server(connection)
        migrate(connection)
        OwnBox(Identity(name[0] * 32, name), "1", "").turn(connection)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """With the options of the compose file, but for its certificate; its archive is beside its data."""
    server = make_server()
    archive, conf = server.folder / "archive", server.folder / "data/postgresql.conf"
    with (server.folder / "data/pg_hba.conf").open("a") as lines:
        lines.write("host replication all 127.0.0.1/32 trust\n")
    subprocess.run(["install", "-d", "-m", "777", archive], check=True)
    options = [option.removeprefix("--").partition("=") for option in COMPOSE["services"]["database"]["command"][1:]]
    with conf.open("a") as lines:
        for name, _, value in options:
            if not name.startswith("ssl"):
                lines.write(f"{name} = '{value.replace('/archive', str(archive))}'\n")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.folder)


def test_a_copy_and_the_archive_bring_back_any_point_in_time(server: PostgresServer) -> None:
    name = server.create_database()
    url = server.url(name)
    joins(url, "gate")
    base, data = server.folder / "base", server.folder / "data"
    server.run(
        "pg_basebackup",
        "-h",
        "127.0.0.1",
        "-p",
        str(server.port),
        "-U",
        "postgres",
        f"--pgdata={base}",
        "--checkpoint=fast",
    )
    joins(url, "door")
    with connect(url, "test") as connection:
        row = connection.execute("SELECT now()::text").fetchone()
        connection.execute("DELETE FROM boxes")
        last = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        archived = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
        until(lambda: connection.execute(archived, last).fetchone() == (True,), 20.0, "the archive")
    assert names(url) == []
    server.stop("fast")
    assert row is not None
    with (base / "postgresql.auto.conf").open("a") as conf:
        conf.write(f"restore_command = 'cp {server.folder}/archive/%f %p'\n")
        conf.write(f"recovery_target_time = '{row[0]}'\nrecovery_target_action = 'promote'\n")
    (base / "recovery.signal").touch()
    shutil.chown(base / "recovery.signal", (base / "PG_VERSION").stat().st_uid)
    data.rename(server.folder / "lost")
    base.rename(data)
    server.start()
    assert names(url) == ["door", "gate"]


def test_a_dump_brings_back_its_moment_in_a_new_database(postgres: PostgresServer) -> None:
    name = postgres.create_database()
    joins(postgres.url(name), "gate")
    at = ("-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres")
    dump = str(postgres.folder / f"{name}.dump")
    postgres.run("pg_dump", *at, "--format=custom", f"--file={dump}", name)
    joins(postgres.url(name), "door")
    postgres.run("createdb", *at, f"{name}_restored")
    postgres.run("pg_restore", *at, f"--dbname={name}_restored", "--exit-on-error", dump)
    assert names(postgres.url(f"{name}_restored")) == ["gate"]
    joins(postgres.url(f"{name}_restored"), "cellar")
    assert names(postgres.url(f"{name}_restored")) == ["cellar", "gate"]


def test_the_database_of_the_compose_file_has_pgvector_a_certificate_and_its_password_in_a_file() -> None:
    database = COMPOSE["services"]["database"]
    assert database["image"].startswith("docker.io/pgvector/pgvector:pg")
    assert "--ssl=on" in database["command"]
    assert database["environment"]["POSTGRES_PASSWORD_FILE"] == f"/run/secrets/{database['secrets'][0]}"
    assert {*database["secrets"]} == {*COMPOSE["secrets"]}
    named = {volume.partition(":")[0] for volume in database["volumes"] if not volume.startswith(".")}
    assert named == {*COMPOSE["volumes"]}


def test_the_manifests_name_each_other() -> None:
    cluster = the("Cluster")
    name = cluster["metadata"]["name"]
    assert the("Database")["spec"]["cluster"]["name"] == the("ScheduledBackup")["spec"]["cluster"]["name"] == name
    assert the("Database")["spec"]["name"] == cluster["spec"]["bootstrap"]["initdb"]["database"]
    assert the("Database")["spec"]["owner"] == cluster["spec"]["bootstrap"]["initdb"]["owner"]
    assert {"name": "vector", "ensure": "present"} in the("Database")["spec"]["extensions"]
    [plugin] = cluster["spec"]["plugins"]
    assert plugin["name"] == the("ScheduledBackup")["spec"]["pluginConfiguration"]["name"]
    assert plugin["parameters"]["barmanObjectName"] == the("ObjectStore")["metadata"]["name"]
    keys = the("ObjectStore")["spec"]["configuration"]["s3Credentials"].values()
    assert {(key["name"], key["key"]) for key in keys} == {
        (the("Secret")["metadata"]["name"], key) for key in the("Secret")["stringData"]
    }
    assert len(the("ScheduledBackup")["spec"]["schedule"].split()) == 6, "it has seconds"
    page = (ROOT / "docs/rollout.md").read_text()
    assert f"{name}-app" in page, "the secret that boxes get the address from"
