"""Events from files, by the default and by other people's columns."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopguide.db.engine import Database
from shopguide.errors import DatabaseError, UnreadableFile
from shopguide.feedback import importer
from shopguide.feedback.importer import import_events
from shopguide.feedback.mapping import BadField, EventMapping, load_mapping
from shopguide.feedback.service import Feedback
from shopguide.rows import BadRow
from tests.support.shop import migrated_sqlite

GOOD = {"event_id": "e1", "kind": "like", "shopper_id": "ann", "sku": "A", "at": "2026-01-02T10:00:00Z"}
UCI = Path("mappings/uci_events.yml")
UCI_FILE = Path("../shared/datasets/uci_online_retail/online_retail.csv.gz")


@pytest.fixture
def feedback(tmp_path: Path) -> Feedback:
    path = tmp_path / "shop.db"
    path.write_bytes(migrated_sqlite())
    database = Database(f"sqlite:///{path}")
    return Feedback(database)


def lines(folder: Path, *rows: object) -> Path:
    path = folder / "events.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_good_rows_are_kept_and_bad_ones_told_with_line_field_and_reason(tmp_path: Path, feedback: Feedback) -> None:
    path = lines(
        tmp_path,
        GOOD,
        GOOD | {"event_id": "e2", "at": "2999-01-01T00:00:00Z"},
        "{",
        GOOD | {"event_id": "e3", "at": "soon"},
        GOOD | {"event_id": "e4", "kind": "stare"},
        {key: value for key, value in GOOD.items() if key != "shopper_id"},
        GOOD | {"event_id": "e5", "value": "many"},
        GOOD,
        GOOD | {"event_id": "e6", "at": 1767348000, "value": 4.5, "kind": "rating"},
    )
    seen: list[int] = []
    report = import_events(path, feedback.record, EventMapping(), lambda so_far: seen.append(so_far.imported))
    assert (report.read, report.imported, report.duplicates, report.skipped) == (9, 2, 1, 6)
    told = sorted((error.line, error.field) for error in report.errors)
    assert told == [(2, "at"), (3, ""), (4, "at"), (5, "kind"), (6, "shopper_id"), (7, "value")]
    assert "future" in next(error.why for error in report.errors if error.line == 2)
    assert BadRow(6, "shopper_id", "is missing") in report.errors
    assert {event.event_id for event in feedback.interactions()} == {"e1", "e6"}
    assert seen == [2]


def test_an_import_repeated_adds_nothing(tmp_path: Path, feedback: Feedback) -> None:
    path = lines(tmp_path, GOOD, GOOD | {"event_id": "e2"})
    assert import_events(path, feedback.record, EventMapping()).imported == 2
    again = import_events(path, feedback.record, EventMapping())
    assert (again.imported, again.duplicates) == (0, 2)


def test_a_file_larger_than_a_batch_is_kept_whole(
    tmp_path: Path, feedback: Feedback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH", 3)
    path = lines(tmp_path, *(GOOD | {"event_id": f"e{n}"} for n in range(10)))
    assert import_events(path, feedback.record, EventMapping()).imported == 10
    assert feedback.count() == 10


def test_what_came_before_a_break_is_kept(tmp_path: Path, feedback: Feedback) -> None:
    path = tmp_path / "events.csv"
    path.write_text("event_id,kind,shopper_id,sku,at\ne1,like,ann,A,2026-01-02\n")
    packed = tmp_path / "cut.csv.gz"
    import gzip

    body = path.read_bytes() + b"".join(b"e%d,like,ann,A,2026-01-02\n" % n for n in range(2, 5_000))
    packed.write_bytes(gzip.compress(body)[:-1000])
    with pytest.raises(UnreadableFile):
        import_events(packed, feedback.record, EventMapping())
    assert feedback.count() > 0


def test_many_bad_rows_are_counted_and_some_described(
    tmp_path: Path, feedback: Feedback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "ERRORS_KEPT", 2)
    report = import_events(lines(tmp_path, *["{"] * 5), feedback.record, EventMapping())
    assert (report.skipped, len(report.errors)) == (5, 2)


def test_the_database_down_is_not_a_bad_row(tmp_path: Path) -> None:
    nowhere = Feedback(Database(f"sqlite:///{tmp_path / 'unmigrated.db'}"))
    with pytest.raises(DatabaseError):
        import_events(lines(tmp_path, GOOD), nowhere.record, EventMapping())


def test_order_lines_become_purchases(tmp_path: Path, feedback: Feedback) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,85A,HEART,6,2010-07-01 08:26:00,2.55,17850.0,UK\n"
        "1,85A,HEART,2,2010-07-01 08:26:00,2.55,17850.0,UK\n"
        "C1,85A,HEART,-6,2010-07-01 08:26:00,2.55,17850.0,UK\n"
        "2,85A,HEART,6,2010-07-01 08:26:00,2.55,,UK\n"
    )
    report = import_events(path, feedback.record, load_mapping(UCI))
    assert (report.read, report.imported, report.left_out, report.skipped) == (4, 2, 2, 0)
    first = next(feedback.interactions())
    assert (first.kind, first.shopper_id, first.sku) == ("purchase", "17850", "85A")
    assert first.at == datetime(2010, 7, 1, 7, 26, tzinfo=UTC), "London in summer"


@pytest.mark.slow
@pytest.mark.skipif(not UCI_FILE.exists(), reason="the data set is not here")
def test_the_whole_uci_data_set(feedback: Feedback) -> None:
    report = import_events(UCI_FILE, feedback.record, load_mapping(UCI))
    assert (report.read, report.imported, report.left_out, report.skipped) == (320_705, 226_488, 94_217, 0)


@pytest.mark.parametrize(
    ("text", "mapping", "expected"),
    [
        ("2026-01-02T10:00:00+02:00", {}, datetime(2026, 1, 2, 8, tzinfo=UTC)),
        ("2026-01-02", {}, datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02 10:00", {"time_zone": "Asia/Shanghai"}, datetime(2026, 1, 2, 2, tzinfo=UTC)),
        ("1767348000", {}, datetime(2026, 1, 2, 10, tzinfo=UTC)),
        ("1767348000000", {}, datetime(2026, 1, 2, 10, tzinfo=UTC)),
        ("881250949.5", {}, datetime(1997, 12, 4, 15, 55, 49, 500_000, tzinfo=UTC)),
        ("02/01/2026 10h", {"time_format": "%d/%m/%Y %Hh"}, datetime(2026, 1, 2, 10, tzinfo=UTC)),
    ],
)
def test_times_in_many_forms(text: str, mapping: dict[str, str], expected: datetime) -> None:
    assert EventMapping(**mapping).event(1, GOOD | {"at": text}).at == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["soon", "99999999999999999999", "2026-13-01", "12"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(BadField, match=r"at: .* is not a time"):
        EventMapping().event(1, GOOD | {"at": text})


def test_kinds_and_fields_are_mapped() -> None:
    mapping = EventMapping(
        fields={"event_id": ["a", "#line"], "text": "words"}, kinds={"buy": "purchase"}, constants={"value": 2}
    )
    event = mapping.event(7, GOOD | {"a": "x", "kind": "buy", "words": " hi "})
    assert (event.event_id, event.kind, event.value, event.text) == ("x-7", "purchase", 2.0, "hi")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("fields: {skuu: a}", "fields.skuu"),
        ("colour: blue", "colour"),
        ("time_zone: Mars/Base", "time_zone"),
        ("leave_out: {a: '('}", "leave_out.a"),
        ("[", "mapping.yml"),
    ],
)
def test_a_wrong_mapping_names_the_key(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(content)
    with pytest.raises(UnreadableFile, match=why):
        load_mapping(path)
