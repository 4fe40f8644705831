"""`shopguide rewards`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopguide import bootstrap, cli
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.ids import ShopperId, Sku, SlateId
from tests.support.shop import FakeShop

ANN = ShopperId("ann")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShop]:
    shop = FakeShop(tmp_path, reward_weights={"click": 2.0})
    monkeypatch.setattr(bootstrap, "get_shop", lambda: shop)
    yield shop
    shop.database.close()


def show(shop: FakeShop, slate_id: str, at: datetime) -> None:
    items = (SlateItem(Sku("A"), 1, 1.0, 0.9), SlateItem(Sku("B"), 2, 0.95, 0.8))
    shop.feedback.log_slate(Slate(SlateId(slate_id), ANN, None, at, "api", "blend+explore", "7", None, 9, items))


def run(*words: str) -> str:
    result = CliRunner().invoke(cli.build_app(), ["rewards", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_mean_reward_of_each_policy_and_every_item_for_those_who_want_to_know_more(
    shop: FakeShop, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    show(shop, "s1", now)
    show(shop, "s0", datetime(2025, 1, 1, tzinfo=UTC))
    shop.feedback.record([FeedbackEvent("e1", "click", ANN, now, Sku("B"))])
    out = tmp_path / "rewards.jsonl"
    (policy,) = json.loads(run("--json", "--out", str(out), "--since", "2025-06-01"))
    assert (policy["policy"], policy["slates"], policy["items"], policy["mean_per_slate"]) == (
        "blend+explore",
        1,
        2,
        2.0,
    )
    first, second = map(json.loads, out.read_text().splitlines())
    assert (first["sku"], first["reward"]) == ("A", 0)
    assert second == {
        "slate_id": "s1",
        "position": 2,
        "sku": "B",
        "shown_at": now.isoformat(),
        "policy": "blend+explore",
        "model_version": "7",
        "propensity": 0.95,
        "reward": 2.0,
        "parts": {"click": 2.0},
    }
    assert json.loads(run("--json"))[0]["slates"] == 2
    assert "blend+explore" in run()


def test_before_the_first_slate(shop: FakeShop) -> None:
    assert "No slates yet" in run()
    assert json.loads(run("--json")) == []
