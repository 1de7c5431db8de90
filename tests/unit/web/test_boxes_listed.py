"""All boxes of a database, as the real web process lists them and a browser shows them."""

from pathlib import Path

from browser import Browser
from web_site import Api, running_site

from twinface.corrections.audit import AuditEntry
from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate
from twinface.sharing.identity import Identity
from twinface.sharing.own_box import OwnBox, Standing
from twinface.sharing.shared_audit import send_audit

_ROWS = "[...document.querySelectorAll('#boxes tbody tr')].map((one) => one.textContent)"


def test_every_box_is_listed_and_shown_with_what_is_wrong(tmp_path: Path, database: str, browser: Browser) -> None:
    with connect(database, "test") as connection:
        migrate(connection)
        for letter, name in (("a", "gate"), ("b", "<b>cellar</b>")):
            box = OwnBox(Identity(letter * 32, name), "1.2", f"https://{letter}.example.org/")
            box.standing = Standing(
                f"camera.{letter}: waiting", ok=False, gallery_version=ord(letter), events_waiting=7
            )
            box.turn(connection)
        undone = AuditEntry(1, 10**18, "<b>ada</b>", "reject", "door:1:3 is not Zoe", 7, 8)
        send_audit(connection, "a" * 32, [undone])
        connection.execute(
            "UPDATE boxes SET seen_at = seen_at - interval '1 day', warning = 'its clock' WHERE id ~ 'b'"
        )
    with running_site(tmp_path) as site:
        api = Api(site)
        assert api.ask("GET", "/boxes") == {"shared": False, "boxes": []}
        alone = {"shared": False, "total": 0, "entries": [], "next": None}
        assert api.ask("GET", "/audit/all-boxes") == alone
        site.stop_web()
        table = f'[database]\nurl = "{database}"\n'
        site.config.write_text(site.config.read_text() + table)
        (site.run.path / "web.json").unlink(missing_ok=True)
        site.start_web()
        found = api.ask("GET", "/boxes")
        assert found["shared"] is True
        assert [(box["name"], box["is_here"]) for box in found["boxes"]] == [("<b>cellar</b>", False), ("gate", True)]
        browser.open(f"{site.url}#/box", 1200)
        browser.wait_until(f"{_ROWS}.length === 2")
        cellar, gate = browser.evaluate(_ROWS)
        assert "<b>cellar</b>" in cellar
        assert "not heard of since" in cellar
        assert "its clock" in cellar
        assert "not heard of" not in gate
        assert "camera.a: waiting" in gate
        assert "1 change behind" in gate
        link = "document.querySelector('#boxes a[href=\"https://a.example.org/\"]')?.textContent"
        assert browser.evaluate(link) == "gate"
        (entry,) = api.ask("GET", "/audit/all-boxes")["entries"]
        assert (entry["box"], entry["what"], entry["step"], entry["undone_by"]) == ("gate", "reject", 7, 8)
        browser.evaluate("document.querySelector('#all-changes').open = true")
        browser.wait_until("document.querySelectorAll('#all-changes li').length === 1")
        shown = browser.evaluate("document.querySelector('#all-changes li').textContent")
        assert all(word in shown for word in ("gate", "reject", "<b>ada</b>", "taken back"))
        assert "Zoe" not in shown


def test_a_database_that_is_away_is_said(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        site.stop_web()
        site.config.write_text(site.config.read_text() + '[database]\nurl = "postgresql://ada@127.0.0.1:1/faces"\n')
        (site.run.path / "web.json").unlink(missing_ok=True)
        site.start_web()
        problem = Api(site).ask("GET", "/boxes", code=503)
        assert "127.0.0.1:1/faces cannot be reached" in problem["detail"]
        assert Api(site).ask("GET", "/box")["name"]
