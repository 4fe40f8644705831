"""Each key of an `expect` table: what makes it hold, and what breaks it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.eval.expectations import FAULTS, Answer, check, same_slot

ROOT = Path(__file__).resolve().parents[3]


def item(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "title": sku.upper(), "price": 10.0, **more}


def slate(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "slate", "items": list(items)}


RED = item("a", category="Mugs", price=8.0, facets={"colour": "Red", "size": ["S", "M"]})
TEAL = item("b", category="Mugs", price=12.0, facets={"colour": "teal", "size": "L"})


def failing(
    expect: dict[str, Any], *payloads: dict[str, Any], earlier: tuple[Any, ...] = (), **answer: Any
) -> list[str]:
    found = check(expect, Answer(payloads=payloads, texts=answer.pop("texts", ("Fine.",)), **answer), earlier)
    assert all(failure.why for failure in found)
    return [failure.key for failure in found]


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ({"colour": ["red", "teal"]}, True),
        ({"colour": ["red"]}, False),
        ({"category": ["mugs"], "price": {"<=": 12}}, True),
        ({"price": {"<=": 11}}, False),
        ({"price": {">=": 8, "<=": 12}}, True),
        ({"price": {">=": 9}}, False),
        ({"size": ["m", "l"]}, True),
        ({"size": ["m"]}, False),
        ({"colour": {"not": ["blue"]}}, True),
        ({"colour": {"not": ["red"]}}, False),
        ({"brand": ["x"]}, False),
        ({"brand": {"not": ["x"]}}, False),
        ({"category": {"<=": 3}}, False),
    ],
)
def test_all_items_looks_in_the_fields_then_in_the_facets(wanted: dict[str, Any], holds: bool) -> None:
    assert failing({"all_items": wanted}, slate(RED, TEAL)) == ([] if holds else ["all_items"])


def test_all_items_fails_without_items() -> None:
    assert failing({"all_items": {"colour": ["red"]}}, slate()) == ["all_items"]
    assert failing({"all_items": {"colour": ["red"]}}) == ["all_items"]


def test_the_own_field_goes_before_the_facet() -> None:
    both = item("c", colour="blue", facets={"colour": "red"})
    assert failing({"all_items": {"colour": ["blue"]}}, slate(both)) == []


def test_any_item_needs_one_that_satisfies_every_entry() -> None:
    assert failing({"any_item": {"colour": ["red"], "size": ["s"]}}, slate(RED, TEAL)) == []
    assert failing({"any_item": {"colour": ["red"], "size": ["l"]}}, slate(RED, TEAL)) == ["any_item"]


def test_the_payload_is_the_one_of_the_expected_type() -> None:
    other = {"type": "comparison", "items": [TEAL]}
    expect = {"custom_type": "slate", "all_items": {"colour": ["red"]}, "min_items": 1}
    assert failing(expect, slate(RED), other) == []
    assert failing(expect, other) == ["custom_type", "all_items", "min_items"]
    assert failing({"min_items": 2}, slate(RED, TEAL)) == []
    assert failing({"min_items": 3}, slate(RED, TEAL)) == ["min_items"]


@pytest.mark.parametrize(("now", "changed", "repeated"), [((RED,), True, True), ((RED, TEAL), False, True)])
def test_what_was_shown_before_is_compared_by_type(now: tuple[Any, ...], changed: bool, repeated: bool) -> None:
    earlier = (slate(RED, TEAL), {"type": "cart", "items": []})
    assert failing({"changed_from_previous": True}, slate(*now), earlier=earlier) == (
        [] if changed else ["changed_from_previous"]
    )
    assert failing({"not_repeat_previous_skus": True}, slate(*now), earlier=earlier) == (
        ["not_repeat_previous_skus"] if repeated else []
    )


def test_other_products_are_changed_and_not_repeated() -> None:
    expect = {"custom_type": "slate", "changed_from_previous": True, "not_repeat_previous_skus": True}
    assert failing(expect, slate(TEAL), earlier=(slate(RED),)) == []
    assert failing(expect, slate(TEAL)) == ["changed_from_previous", "not_repeat_previous_skus"]


def test_cheaper_compares_medians() -> None:
    before = slate(item("x", price=10.0), item("y", price=20.0), item("z", price=90.0))
    expect = {"cheaper_than_previous": True}
    assert failing(expect, slate(item("v", price=19.0), item("w", price=19.9)), earlier=(before,)) == []
    assert failing(expect, slate(item("v", price=20.0)), earlier=(before,)) == ["cheaper_than_previous"]
    assert failing(expect, slate(item("v", price=None)), earlier=(before,)) == ["cheaper_than_previous"]
    assert failing(expect, slate(item("v")), earlier=()) == ["cheaper_than_previous"]


def test_text_is_looked_for_in_all_messages_whatever_the_case() -> None:
    assert failing({"text_any": ["NOTHING", "no mug"]}, texts=("Sorry,", "there is nothing.")) == []
    assert failing({"text_any": ["nope"]}, texts=("Sorry.",)) == ["text_any"]


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (["Red", "teal"], ["teal", "red"], True),
        (["red"], ["red", "teal"], False),
        (None, [], True),
        ([], None, True),
        ({}, None, True),
        ({"brand": []}, {}, True),
        ({"brand": ["B", "a"], "colour": []}, {"brand": ["a", "b"]}, True),
        ({"brand": ["a"], "colour": ["red"]}, {"brand": ["a"]}, False),
        (30, 30.0, True),
        (30.5, 30, False),
        ("EN", "en", True),
        (["red"], [], False),
        (0, None, False),
    ],
)
def test_slots_compare_as_sets(found: object, wanted: object, same: bool) -> None:
    assert same_slot(found, wanted) is same


def test_only_named_slots_count() -> None:
    slots = {"colour": ["red"], "brand": ["x"]}
    assert failing({"slots": {"colour": ["Red"], "size": []}}, slots=slots) == []
    assert failing({"slots": {"colour": ["red"], "brand": []}}, slots=slots) == ["slots"]


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, something went wrong.",
        "I have a technical problem.",
        "I can't answer that right now. Please try again in a moment.",
        "I'll be back shortly.",
        "utter_search_asked",
        "Here are {count} mugs",
        'Traceback (most recent call last):\n  File "x.py", line 3',
        "KeyError: 'x'",
        "",
    ],
)
def test_faults_are_no_answer(text: str) -> None:
    assert failing({"no_error": True}, texts=(text,)) == ["no_error"]


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, no blue mug is in stock at the moment.",
        "I couldn't find a mug under €5; any colour would bring 12.",
        "Nothing matches. Would you like to try again with another colour?",
        "Terror-free fun: the {[(bracket)]} mug.",
    ],
)
def test_an_honest_answer_is_no_fault(text: str) -> None:
    assert failing({"no_error": True}, texts=(text,)) == []


def test_no_reply_is_a_fault() -> None:
    assert failing({"no_error": True}, texts=(), fault="no reply: timeout") == ["no_error"]
    assert failing({"no_error": True}, slate(RED), texts=()) == []


def test_our_own_apologies_are_recognised() -> None:
    responses = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["responses"]
    faults = [key for key in responses if key.endswith(("unavailable", "apology"))]
    assert {"utter_smalltalk_apology", "utter_profile_unavailable"} <= set(faults)
    apologies = [one["text"] for key in faults for one in responses[key]]
    assert [text for text in apologies if not FAULTS.search(text)] == []


def test_the_first_failure_is_the_first_in_the_table() -> None:
    assert failing({"text_any": ["x"], "custom_type": "slate"}) == ["text_any", "custom_type"]
