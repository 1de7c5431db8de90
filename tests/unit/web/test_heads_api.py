"""Heads by the HTTP API, on the real web process: which there are, the one before back, a trainer that is not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import until
from retrained_box import enrol, make_people, write_metric
from web_site import Api, running_site

from twinface.gallery.keys import KEY_VARIABLE


@pytest.fixture
def heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The API of a site with a head of its own, and one before it."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    enrol(tmp_path / "gallery", make_people(1))
    write_metric(tmp_path / "head", 8.0)
    write_metric(tmp_path / "head/previous", 1.0)
    folder = tmp_path / "site"
    folder.mkdir()
    with running_site(folder, f'gallery = "{tmp_path}/gallery"\nhead = "{tmp_path}/head"\n') as site:
        yield Api(site)


def test_heads_are_listed_and_the_one_before_comes_back(heads: Api) -> None:
    found = heads.ask("GET", "/heads")
    used, before, bundled = found["versions"]
    assert (found["in_use"], used["in_use"], bundled["verdict"]) == (used["version"], True, "bundled")
    assert heads.ask("POST", "/heads/rollback", json={"version": used["version"]}, code=409)["code"] == "refused"
    assert heads.ask("POST", "/heads/rollback", json={"version": "f00"}, code=404)["code"] == "not_there"
    assert heads.ask("POST", "/heads/rollback", json={})["in_use"] == before["version"]
    assert heads.ask("GET", "/heads")["in_use"] == before["version"]
    entry = heads.ask("GET", "/audit")["entries"][0]
    assert (entry["what"], entry["who"]) == ("rollback", "web 127.0.0.1")


def test_a_retraining_is_begun_at_once_and_what_came_of_it_is_asked_for(api: Api) -> None:
    assert "no head before this one" in api.ask("POST", "/heads/rollback", json={}, code=409)["detail"]
    assert api.ask("GET", "/heads/retrain") == {"state": "idle", "detail": "", "progress": None, "report": None}
    begun = api.ask("POST", "/heads/retrain", json={}, code=202)
    assert begun["state"] == "running"
    until(lambda: api.ask("GET", "/heads/retrain")["state"] == "failed", 120.0, "word that no trainer starts")
    assert "twinface up" in api.ask("GET", "/heads/retrain")["detail"]
    asked = ("retrain", "asked for", "web 127.0.0.1")
    assert [(one["what"], one["said"], one["who"]) for one in api.ask("GET", "/audit")["entries"]].count(asked) == 1
    mistaken = api.ask("POST", "/heads/retrain", json={"normalize": True}, code=409)
    assert "give --architecture linear or mlp" in mistaken["detail"]
    assert api.ask("POST", "/heads/retrain", json={"architecture": "cnn"}, code=422)["code"] == "does_not_fit"
