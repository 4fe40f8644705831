"""The benchmark of whole turns: what a turn was is told by its reply."""

import pytest

from bench.turns import MESSAGES, figures, kind_of, measure, needs
from shopguide.evaluation.dialogue.client import Reply
from tests.unit.evaluation.simulated import catalogue, question

SLATE, ANSWER = Reply(("…",), ({"type": "slate"},)), Reply(("…",), ({"type": "answer"},))
SORRY = Reply(("Not yet, sorry.",))


@pytest.mark.parametrize(
    ("meant", "reply", "kind"),
    [
        ("ask", question("colour=red"), "ask"),
        ("ask", SLATE, "slate"),
        ("ask", SORRY, ""),
        ("slate", question("colour=red"), "ask"),
        ("faq", ANSWER, "faq"),
        ("faq", SORRY, ""),
        ("compare", SLATE, ""),
        ("small_talk", SORRY, "small_talk"),
    ],
)
def test_a_turn_is_what_its_reply_is(meant, reply, kind) -> None:
    assert kind_of(meant, reply) == kind


def test_what_is_not_served_is_counted_and_not_timed() -> None:
    class Guide:
        def say(self, sender: str, text: str) -> Reply:
            return SORRY

    found = measure(Guide(), [{"kind": "lamps", "brand": "Orlo"}] * 3)  # type: ignore[arg-type]
    assert set(found["kinds"]) == {"greeting", "explain", "small_talk", "out_of_scope"}
    assert found["unserved"]["faq"] == 3
    assert found["all"]["turns"] == 3 * 4
    assert sum(found["unserved"].values()) == 3 * (len(MESSAGES) - 4)


def test_percentiles_are_in_milliseconds() -> None:
    assert figures([0.1, 0.2, 0.3]) == {"turns": 3, "p50_ms": 200.0, "p95_ms": 290.0}


def test_needs_name_a_kind_and_a_brand_that_go_together() -> None:
    drawn = needs(catalogue(), 20, seed=1)
    assert {(one["kind"], one["brand"]) for one in drawn} <= {("home", "Orlo"), ("home", "Pemba")} | {
        (kind, brand) for kind in ("lamps", "mugs") for brand in ("Orlo", "Pemba")
    }
