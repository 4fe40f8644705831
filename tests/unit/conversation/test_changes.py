"""Every fill, change and removal becomes evidence."""

from shopguide.conversation.changes import changes, evidence
from shopguide.conversation.need import Bounds, Need
from tests.unit.conversation.shop import NOW, SHOPPER

BEFORE = Need().want("colour", ["white"]).exclude("brand", ["norwell"]).within("price", Bounds(high=80))


def test_fills_corrections_and_removals_are_told_apart() -> None:
    after = (
        Need()
        .want("colour", ["black"])
        .want("audience", ["men"])
        .exclude("occasion", ["sports"])
        .within("price", Bounds(high=60))
    )
    assert set(changes(BEFORE, after)) == {
        ("colour", "white", 0, "correction"),
        ("colour", "black", 1, "correction"),
        ("audience", "men", 1, "slot"),
        ("brand", "norwell", 0, "removal"),
        ("occasion", "sports", -1, "slot"),
        ("price", "<=80", 0, "correction"),
        ("price", "<=60", 1, "correction"),
    }
    assert set(changes(BEFORE, Need())) == {
        ("colour", "white", 0, "removal"),
        ("brand", "norwell", 0, "removal"),
        ("price", "<=80", 0, "removal"),
    }
    assert changes(BEFORE, BEFORE) == []


def test_whoever_goes_on_to_another_kind_of_product_takes_nothing_back() -> None:
    shoes = BEFORE.want("category", ["shoes"])
    umbrella = Need().want("category", ["umbrellas"]).want("colour", ["black"])
    assert set(changes(shoes, umbrella, "critique")) == {
        ("category", "umbrellas", 1, "critique"),
        ("colour", "black", 1, "critique"),
    }
    both = shoes.want("category", ["shoes", "boots"])
    assert ("colour", "white", 0, "removal") in changes(shoes, both.without("colour"))
    assert ("category", "shoes", 0, "removal") in changes(shoes, shoes.without("category"))


def test_evidence_names_slot_and_source() -> None:
    need = Need().want("feature", ["hooded"]).within("price", Bounds(high=60)).exclude("colour", ["red"])
    found = evidence(changes(Need(), need, "critique"), SHOPPER, None, NOW)
    assert {(piece.slot, piece.value, piece.polarity) for piece in found} == {
        ("features", "hooded", 1),
        ("price_max", "<=60", 1),
        ("excluded", "red", -1),
    }
    assert {piece.source for piece in found} == {"critique"}


def test_evidence_names_for_whom_and_of_what_kind() -> None:
    need = Need(recipient="dad").want("category", ["shoes"]).within("price", Bounds(high=60))
    found = evidence(changes(Need(), need), SHOPPER, None, NOW, recipient="dad", category="shoes")
    assert {(piece.facet, piece.category) for piece in found} == {("category", None), ("price", "shoes")}
    assert {piece.recipient for piece in found} == {"dad"}
