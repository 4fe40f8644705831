"""What a message about no goods keeps of its entities."""

from pathlib import Path
from typing import Any

from rasa.shared.nlu.training_data.message import Message
from rasa.shared.utils.io import read_yaml_file

from rasa_addons.asked_goods import AskedGoods

ROOT = Path(__file__).resolve().parents[2]
ENTITIES = [
    {"entity": "category", "value": "shoes"},
    {"entity": "size", "value": "42"},
    {"entity": "ordinal", "value": 2},
]


def shipped() -> AskedGoods:
    pipeline = read_yaml_file(ROOT / "config.yml")["pipeline"]
    [config] = [one for one in pipeline if one["name"].endswith(AskedGoods.__name__)]
    return AskedGoods({**AskedGoods.get_default_config(), **config})


def kept(intent: str, confidence: float = 0.9, **data: Any) -> list[str]:
    message = Message(
        data={"text": "…", "intent": {"name": intent, "confidence": confidence}, "entities": ENTITIES, **data}
    )
    [read] = shipped().process([message])
    return [entity["entity"] for entity in read.get("entities")]


def test_a_question_about_the_shop_asks_for_no_goods_but_keeps_sizes_and_positions() -> None:
    assert kept("faq") == ["size", "ordinal"]
    assert kept("complain") == ["size", "ordinal"]


def test_what_is_about_goods_keeps_them() -> None:
    for intent in ("search_products", "inform_preference", "affirm", "deny", "add_to_cart", "compare_products"):
        assert kept(intent) == ["category", "size", "ordinal"]


def test_a_guess_takes_nothing_away() -> None:
    assert kept("faq", 0.3) == ["category", "size", "ordinal"]


def test_the_intents_are_those_of_the_domain() -> None:
    pipeline = read_yaml_file(ROOT / "config.yml")["pipeline"]
    assert set(pipeline[-1]["without"]) < set(read_yaml_file(ROOT / "domain.yml")["intents"])


def test_a_message_without_entities_or_intent_passes() -> None:
    [read] = shipped().process([Message(data={"text": ""})])
    assert read.get("entities") is None
