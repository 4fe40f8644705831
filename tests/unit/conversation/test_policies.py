"""Questions about the shop: its own documents, quoted, robust against files that are not in order."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from shopguide.conversation.answering.faq import NoPolicies, Policies, PolicyAnswer, PolicySilent
from shopguide.conversation.answering.passages import Vectors
from shopguide.conversation.answering.policies import LARGEST, LONGEST, read_folder


def no_encoder(texts: Sequence[str]) -> Vectors | None:
    return None


def folder(tmp_path: Path) -> Path:
    (tmp_path / "returns.md").write_text(
        "# Returns\n\nSend it back within 30 days.\n\n## Refunds\n\nMoney comes in a week."
    )
    (tmp_path / "contact.md").write_text("# Contact\n\nWrite to **help@shop.example**.")
    return tmp_path


def test_the_paragraph_is_found_with_its_heading(tmp_path: Path) -> None:
    found = Policies(folder(tmp_path), no_encoder).answer("when do i get my money?", "returns")
    assert isinstance(found, PolicyAnswer)
    assert (found.paragraph.text, found.paragraph.heading) == ("Money comes in a week.", "Refunds")
    assert (found.paragraph.document, found.paragraph.topic) == ("Returns", "returns")


def test_a_question_that_names_only_the_topic_gets_the_beginning(tmp_path: Path) -> None:
    found = Policies(folder(tmp_path), no_encoder).answer("how do returns work?", "returns")
    assert isinstance(found, PolicyAnswer)
    assert found.paragraph.text == "Send it back within 30 days."


def test_what_the_documents_do_not_say_is_not_said(tmp_path: Path) -> None:
    found = Policies(folder(tmp_path), no_encoder).answer("do you take bitcoin?", "payment")
    assert isinstance(found, PolicySilent)
    assert found.contact is not None
    assert found.contact.text == "Write to help@shop.example."


def test_what_comes_nearest_on_the_topic_is_quoted_instead(tmp_path: Path) -> None:
    found = Policies(folder(tmp_path), no_encoder).answer("who pays the postage?", "returns")
    assert isinstance(found, PolicySilent)
    assert found.near is not None
    assert found.paragraph == found.near
    assert found.near.document == "Returns"


@pytest.mark.parametrize("text", ["Hello, what is your return policy?", "your terms for returns please"])
def test_who_asks_for_the_rules_gets_the_beginning(tmp_path: Path, text: str) -> None:
    found = Policies(folder(tmp_path), no_encoder).answer(text, "returns")
    assert isinstance(found, PolicyAnswer)
    assert found.paragraph.text == "Send it back within 30 days."


def test_by_words_alone_another_topic_does_not_answer(tmp_path: Path) -> None:
    (folder(tmp_path) / "sizes.md").write_text("# Sizes\n\nOur shoes run small.")
    found = Policies(tmp_path, no_encoder).answer("how long may a return run?", "returns")
    assert isinstance(found, PolicySilent)
    assert found.near is not None and found.near.document == "Returns"


def test_without_documents_it_is_said_so(tmp_path: Path) -> None:
    assert Policies(None, no_encoder).answer("can i return it?", "returns") == NoPolicies()
    assert Policies(tmp_path / "gone", no_encoder).answer("can i return it?", "returns") == NoPolicies()
    assert "gone" in read_folder(tmp_path / "gone").problems[0]


def test_a_change_is_picked_up(tmp_path: Path) -> None:
    policies = Policies(folder(tmp_path), no_encoder)
    assert isinstance(policies.answer("when do i get my money", "returns"), PolicyAnswer)
    changed = tmp_path / "returns.md"
    changed.write_text("# Returns\n\nSend it back within 14 days.")
    os.utime(changed, ns=(1, 1))
    found = policies.answer("how many days", "returns")
    assert isinstance(found, PolicyAnswer)
    assert "14 days" in found.paragraph.text
    (tmp_path / "returns.md").unlink()
    assert isinstance(policies.answer("how many days", "returns"), PolicySilent)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe\x00bad", "not UTF-8"),
        (b"", "empty"),
        (b"a\0b", "binary"),
        (b"x" * (LARGEST + 1), "bytes, more than"),
    ],
)
def test_a_broken_file_is_named_and_the_rest_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes, problem: str
) -> None:
    (folder(tmp_path) / "broken.md").write_bytes(content)
    policies = Policies(tmp_path, no_encoder)
    assert isinstance(policies.answer("when do i get my money", "returns"), PolicyAnswer)
    assert len(policies.documents.problems) == 1
    assert "broken.md" in policies.documents.problems[0]
    assert problem in policies.documents.problems[0]
    assert caplog.text.count("broken.md") == 1


def test_markdown_is_read_as_people_write_it(tmp_path: Path) -> None:
    (tmp_path / "odd.md").write_text(
        "No title <!-- hidden\n\nstill hidden --> here\n# A *title* #\n- one\n- [two](https://shop.example/2)\n"
        "  goes on\n\n1. three\n### Deep\n" + "long " * 400
    )
    found = read_folder(tmp_path).paragraphs
    listed = "- one\n- two (https://shop.example/2) goes on"
    assert [one.text for one in found[:3]] == ["No title  here", listed, "- three"]
    assert [one.document for one in found] == ["Odd", "A title", "A title", "A title"]
    assert found[3].heading == "Deep"
    assert len(found[3].text) <= LONGEST + 2
