"""Shoppers from files."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopguide.db.engine import Database
from shopguide.ids import ShopperId
from shopguide.profiles import importer
from shopguide.profiles.importer import import_shoppers
from shopguide.profiles.service import Profiles
from tests.support.shop import migrated_sqlite

ANN = ShopperId("ann")


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    path = tmp_path / "shop.db"
    path.write_bytes(migrated_sqlite())
    database = Database(f"sqlite:///{path}")
    return Profiles(database)


def lines(folder: Path, *rows: object) -> Path:
    path = folder / "shoppers.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_preferences_become_folded_evidence(tmp_path: Path, profiles: Profiles) -> None:
    preferences = [
        {"facet": "colour", "value": " Navy  Blue", "strength": 0.5, "at": "2026-01-02T10:00:00+02:00"},
        {"facet": "brand", "value": "Kestrel", "polarity": -1},
    ]
    report = import_shoppers(lines(tmp_path, {"shopper_id": "ann", "preferences": preferences}), profiles)
    assert (report.read, report.imported, report.preferences, report.skipped) == (1, 1, 2, 0)
    brand, colour = profiles.show(ANN).evidence
    assert (colour.value, colour.strength, colour.source) == ("navy blue", 0.5, "import")
    assert colour.at == datetime(2026, 1, 2, 8, tzinfo=UTC)
    assert profiles.taste(ANN).weight("brand", "kestrel") == pytest.approx(-0.8, abs=0.01)
    assert brand.polarity == -1


def test_an_import_repeated_replaces(tmp_path: Path, profiles: Profiles) -> None:
    for value in ("red", "blue"):
        row = {"shopper_id": "ann", "preferences": [{"facet": "colour", "value": value}]}
        import_shoppers(lines(tmp_path, row), profiles)
    assert [piece.value for piece in profiles.show(ANN).evidence] == ["blue"]


def test_bad_rows_are_told_and_the_others_kept(
    tmp_path: Path, profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH", 2)
    report = import_shoppers(
        lines(
            tmp_path,
            {"shopper_id": "ann"},
            {"preferences": []},
            {"shopper_id": "bea", "preferences": [{"facet": "colour", "value": "red", "polarity": 0}]},
            {"shopper_id": "cas", "preferences": [{"facet": "colour", "value": "red", "at": "2026-01-02T10:00:00"}]},
            [1],
            {"shopper_id": "dan", "name": "kept by the shop"},
            {"shopper_id": "eve"},
        ),
        profiles,
    )
    assert (report.read, report.imported, report.skipped) == (7, 3, 4)
    assert [(error.line, error.field) for error in report.errors] == [
        (2, "shopper_id"),
        (3, "preferences.0.polarity"),
        (4, "preferences.0.at"),
        (5, ""),
    ]
    assert profiles.count() == 3
