"""`shopguide shopper export|erase|check|consent`, `shopguide retention`, `shopguide privacy notice`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from shopguide.cli import build_app
from shopguide.db.engine import Database
from shopguide.errors import UnknownShopper
from shopguide.feedback.service import Feedback
from shopguide.guide.consenting import Consenting
from shopguide.guide.copying import Copying
from shopguide.guide.erasing import Erasing
from shopguide.guide.proving import Proving
from shopguide.ids import ConversationId, ShopperId
from shopguide.outbox.box import Outbox
from shopguide.privacy.retention import Limits, Retention
from shopguide.privacy.service import Privacy
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles
from shopguide.settings import Settings
from tests.support.dialogue import FakeConversations
from tests.support.shop import FakeProducts, migrated_sqlite

ANN, PHONE = "ann-of-the-shop", ConversationId("phone-4711")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A shop with one shopper, behind `get_shop`."""
    (tmp_path / "shop.db").write_bytes(migrated_sqlite())
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    conversations = FakeConversations()
    profiles, feedback, outbox = Profiles(database), Feedback(database), Outbox(tmp_path / "outbox.db")
    privacy = Privacy(database, conversations, "secret")
    shop = SimpleNamespace(
        settings=Settings(exports_dir=tmp_path / "exports"),
        profiles=profiles,
        conversations=conversations,
        privacy=privacy,
        consenting=Consenting(database, profiles, feedback, Profiles(database)._session_memory),
        erasing=Erasing(privacy, outbox, lambda _: 0),
        proving=Proving(privacy, outbox, lambda _: [], [tmp_path / "log", tmp_path / "exports"]),
        retention=Retention(privacy, Limits()),
        copying=Copying(profiles, privacy, FakeProducts(()).get, habits=lambda _: None, shop_name="the shop"),
    )
    profiles.link("telegram", PHONE, ShopperId(ANN))
    now = datetime.now(UTC)
    profiles.record([PreferenceEvidence(ShopperId(ANN), "colour", "blue", 1, "slot", now, conversation_id=PHONE)])
    conversations.said(PHONE, now)
    monkeypatch.setattr("shopguide.bootstrap.get_shop", lambda: shop)
    yield shop
    database.close()


def run(*arguments: str, code: int = 0, words: str | None = None) -> Any:
    result = CliRunner().invoke(build_app(), list(arguments), input=words)
    assert result.exit_code == code, result.output
    return result


def test_an_export_is_two_files_that_others_cannot_read(shop: SimpleNamespace, tmp_path: Path) -> None:
    written = [Path(line) for line in run("shopper", "export", ANN, "--out", str(tmp_path / "out")).output.split()]
    assert [path.suffix for path in written] == [".json", ".html"]
    assert all(path.stat().st_mode & 0o077 == 0 and ANN not in path.name for path in written)
    copy = json.loads(written[0].read_text())
    assert copy["shopper_id"] == ANN and copy["schema"] == "shopguide-copy/1"
    assert "blue" in written[1].read_text() and "said when searching on telegram" in written[1].read_text()
    assert json.loads(run("shopper", "export", ANN, "--json").output)["rows"] == copy["rows"]


def test_an_export_that_cannot_be_written_says_why(shop: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "--out" in run("shopper", "export", ANN, "--out", str(tmp_path / "file"), code=2).output


def test_erasing_asks_first_and_proves_it_afterwards(shop: SimpleNamespace) -> None:
    asked = run("shopper", "erase", ANN, code=1, words="n\n")
    assert "3 rows and 1 conversations" in asked.output
    assert shop.profiles.show(ShopperId(ANN))
    done = run("shopper", "erase", ANN, words="y\n")
    assert "preferences" in done.output and "Nothing holds their ids" in done.output
    with pytest.raises(UnknownShopper):
        shop.profiles.show(ShopperId(ANN))
    assert json.loads(run("shopper", "erase", ANN, "--yes", "--json").output)["erased"] == {}


def test_an_erasure_that_is_not_complete_ends_with_1(shop: SimpleNamespace) -> None:
    shop.conversations.down = True
    report = json.loads(run("shopper", "erase", ANN, "--yes", "--json", code=1).output)
    assert report["erased"] == {"identities": 1, "preferences": 1, "shoppers": 1}
    assert not report["complete"] and not report["proof"]["clean"]
    assert report["proof"]["unchecked"] and report["conversations"] == 1
    shop.conversations.down = False
    run("retention")
    assert json.loads(run("shopper", "check", ANN, "--sender", PHONE, "--json").output)["clean"]


def test_a_check_says_where_somebody_is(shop: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "old.log").write_text(f"{PHONE} wrote\n")
    found = run("shopper", "check", ANN, "--in", str(tmp_path / "more"), code=1).output
    for place in ("preferences.shopper_id (1)", "preferences.conversation_id", "the dialogue server", "old.log"):
        assert place in found.replace("\n", "")
    assert "Nothing holds their ids" in run("shopper", "check", "nobody-at-all").output


def test_consent_is_shown_and_changed(shop: SimpleNamespace) -> None:
    assert run("shopper", "consent", ANN).output == "personalisation  not asked\nanalytics        not asked\n"
    changed = run("shopper", "consent", ANN, "--give", "personalisation", "--withdraw", "analytics", "--json")
    assert json.loads(changed.output) == {"personalisation": True, "analytics": False}
    assert "no purpose" in run("shopper", "consent", ANN, "--give", "marketing", code=2).output
    both = ("--give", "analytics", "--withdraw", "analytics")
    assert "given and withdrawn" in run("shopper", "consent", ANN, *both, code=2).output
    assert run("shopper", "consent", ANN).output.splitlines()[1].split() == ["analytics", "no"], "nothing changed"
    assert isinstance(run("shopper", "consent", "nobody", code=1).exception, UnknownShopper)


def test_retention_reports_what_it_did(shop: SimpleNamespace) -> None:
    assert "Nothing would be deleted" in run("retention", "--dry-run").output
    assert json.loads(run("retention", "--json").output) == {"rows": {}, "conversations": None, "dry_run": False}


def test_the_notice_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopguide.settings.get_settings", lambda: Settings(shop_name="Kestrel & Sons"))
    assert run("privacy", "notice").output.startswith("# Privacy at Kestrel & Sons\n")
