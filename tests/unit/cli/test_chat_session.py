"""The terminal chat: what is sent, what is shown, what is kept."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from shopguide.cli.terminal.cards import View
from shopguide.cli.terminal.dialogue import Choice, Reply, TurnTimedOut
from shopguide.cli.terminal.session import Session, typed_lines
from shopguide.cli.terminal.transcript import Transcript
from shopguide.errors import DialogueServerUnavailable

MUG = {
    "sku": "M1",
    "position": 1,
    "title": "Tallis enamel mug",
    "brand": "Tallis",
    "category": "Mugs",
    "price": 7.5,
    "currency": "EUR",
    "list_price": 10.0,
    "in_stock": True,
    "rating": 4.4,
    "rating_count": 210,
    "facets": {"colour": "blue"},
    "reasons": [{"kind": "matches", "text": "blue, under €8"}],
}
JUG = {"sku": "J1", "position": 2, "title": "Glass jug", "price": 12.0, "currency": "EUR", "in_stock": False}
SLATE = {"type": "slate", "items": [MUG, JUG], "suggestions": [{"title": "Cheaper", "payload": "/critique{}"}]}


FACTS = [
    "Two products fit.",
    "Number 1 is the cheapest.",
    "€7.50",
    "was €10",
    "★ 4.4 (210)",
    "sold out",
    "→ blue, under",
]
TASTES = [
    {"facet": "brand", "value": "tallis", "weight": 0.8},
    {"facet": "colour", "value": "pink", "weight": -0.5},
    {"facet": "price", "value": "<=80", "weight": 0.4},
    {"facet": "waterproof", "value": "yes", "weight": 0.3},
]


class FakeServer:
    """Answers from a list and remembers what it was sent; an exception in the list is raised."""

    def __init__(self, *answers: list[Reply] | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str]] = []

    def send(self, sender: str, message: str) -> list[Reply]:
        self.sent.append((sender, message))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def talk(server: FakeServer, *lines: str, width: int = 80, decorated: bool = False, **options: Any) -> str:
    out = io.StringIO()
    view = View(Console(file=out, width=width, highlight=False), decorated=decorated)
    Session(server, "me", view, **options).run(lines)
    return out.getvalue()


def test_what_is_typed_goes_to_the_server_and_the_answer_is_shown() -> None:
    server = FakeServer([Reply(text="Hello there.")])
    assert "Hello there." in talk(server, "  hi ", "", "/quit", "not sent")
    assert server.sent == [("me", "hi")]


def test_an_offer_is_chosen_by_its_letter_and_a_plain_number_stays_an_answer() -> None:
    question = Reply(text="Which size?", choices=(Choice("Ten", "/inform{10}"), Choice("Any", "/inform{any}")))
    server = FakeServer([question], [question], [])
    shown = talk(server, "shoes", "B2", "10")
    assert "b1 Ten" in shown
    assert [message for _, message in server.sent] == ["shoes", "/inform{any}", "10"]


def test_choosing_what_is_not_offered_sends_nothing() -> None:
    server = FakeServer([Reply(text="Hm.")])
    assert "nothing is offered" in talk(server, "hi", "b1")
    assert server.sent == [("me", "hi")]


def test_the_same_offer_in_buttons_and_suggestions_is_shown_once() -> None:
    choice = Choice("Cheaper", "/critique{}")
    shown = talk(FakeServer([Reply(text="Look.", choices=(choice,)), Reply(custom=SLATE, choices=(choice,))]), "mugs")
    assert shown.count("Cheaper") == 1


@pytest.mark.parametrize("decorated", [True, False])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_slate_becomes_cards_within_the_width(width: int, decorated: bool) -> None:
    text = "Two products fit.\n1. Tallis enamel mug: €7.50 (was €10)\n2. Glass jug: €12\nNumber 1 is the cheapest."
    shown = talk(FakeServer([Reply(text=text, custom=SLATE)]), "mugs", width=width, decorated=decorated)
    assert max(map(len, shown.splitlines())) <= min(width, 96)
    words = " ".join(shown.replace("│", " ").split())
    assert [fact for fact in FACTS if fact not in words] == []
    assert words.count("Tallis enamel mug") == 1, "the card repeats what the text said"


def test_a_degraded_slate_says_so() -> None:
    shown = talk(FakeServer([Reply(custom={**SLATE, "degraded": "rerank_late"})]), "mugs")
    assert "simpler than usual: rerank late" in shown


def test_a_pipe_gets_no_trailing_spaces() -> None:
    shown = talk(FakeServer([Reply(text="Look.", custom=SLATE)]), "mugs")
    assert [line for line in shown.splitlines() if line != line.rstrip()] == []


def test_titles_cannot_steer_the_terminal_or_the_markup() -> None:
    nasty = {"sku": "X", "title": "\x1b[2J[red]Mug[/red]\x07\u202e", "price": 1.0, "currency": "EUR"}
    shown = talk(FakeServer([Reply(text="\x1b]0;pwned\x07ok", custom={"type": "slate", "items": [nasty]})]), "mugs")
    assert "\x1b" not in shown and "\x07" not in shown and "\u202e" not in shown
    assert "[red]Mug[/red]" in shown


def test_product_comparison_and_profile_are_shown() -> None:
    product = {
        **MUG,
        "type": "product",
        "description": "Holds a lot.",
        "facets": {"volume": 0.4},
        "units": {"volume": "l"},
    }
    rows = [{"facet": "stock", "name": "stock", "values": ["in stock", "sold out"]}]
    comparison = {"type": "comparison", "items": [MUG, JUG], "rows": rows}
    profile = Reply(text="I know:\n- brand: Tallis", custom={"type": "profile", "tastes": TASTES})
    told = "Tallis enamel mug\n€7.50 · brand: Tallis · volume: 0.4 l\nHolds a lot.\nShall I look for more?"
    server = FakeServer([Reply(text=told, custom=product)], [Reply(custom=comparison)], [profile])
    shown = talk(server, "one", "two", "three")
    assert shown.count("Holds a lot.") == 1 and shown.count("0.4 l") == 1 and "Shall I look for more?" in shown
    assert "1. Tallis enamel mug" in shown and "2. Glass jug" in shown and "sold out" in shown
    assert "I know:" in shown and "likes" in shown and "avoids" in shown and "- brand" not in shown
    assert "up to 80" in shown and "yes" not in shown


def test_a_payload_of_an_unknown_type_leaves_the_text() -> None:
    assert "It is on its way." in talk(FakeServer([Reply(text="It is on its way.", custom={"type": "order"})]), "where")


def test_silence_and_lateness_are_told() -> None:
    shown = talk(FakeServer([], TurnTimedOut(), [Reply(text="Back.")]), "a", "b", "c")
    assert "(no answer)" in shown and "No answer came in time" in shown and "Back." in shown


def test_a_failing_server_ends_a_script_but_not_a_conversation() -> None:
    down = DialogueServerUnavailable("gone")
    assert "Back." in talk(FakeServer(down, [Reply(text="Back.")]), "a", "b")
    with pytest.raises(DialogueServerUnavailable):
        talk(FakeServer(down), "a", "b", keep_going=False)


def test_the_transcript_is_markdown_and_survives_a_break(tmp_path: Path) -> None:
    file = tmp_path / "notes" / "talk.md"
    transcript = Transcript(file)
    reply = Reply(text="Two *fit*.\n1. Tallis enamel mug: €7.50", custom=SLATE, choices=(Choice("Cheaper", "/c"),))
    with pytest.raises(DialogueServerUnavailable):
        talk(
            FakeServer([reply], DialogueServerUnavailable("gone")),
            "a mug",
            "b1",
            transcript=transcript,
            keep_going=False,
        )
    transcript.close()
    assert file.read_text("utf-8") == (
        "**You:** a mug\n\n"
        "**Guide:** Two \\*fit\\*.\n\n"
        "1. **Tallis enamel mug** €7.50 ~~€10~~  \n"
        "   ★ 4.4 (210) · in stock · Tallis · Mugs  \n"
        "   *blue, under €8*\n"
        "2. **Glass jug** €12  \n"
        "   sold out\n\n"
        "[Cheaper]\n\n"
        "**You:** Cheaper\n\n"
        "*The guide cannot be reached at the moment.*\n\n"
    )


def test_the_prompt_ends_with_the_input_and_with_an_interrupt() -> None:
    answers = iter(["one", "two"])

    def read(_prompt: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    assert list(typed_lines(read)) == ["one", "two"]
