"""Answers in words and as payloads: what was found, and the evidence it rests on."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from shopguide.conversation.answering.faq import PolicyAnswer, PolicySilent
from shopguide.conversation.answering.outcomes import Answers, FacetAnswer, NotInData, PassageAnswer, ProductAnswer
from shopguide.conversation.answering.policies import Paragraph
from shopguide.conversation.phrases import Phrases
from shopguide.conversation.wording import Wording

MOST_TITLE = 90

Payload = dict[str, Any]


def answer_words(outcome: Answers, wording: Wording) -> dict[str, str]:
    """Return `facts`, all answers as text, and `title`, the products they are about."""
    told = [" ".join(_sentence(one, wording) for one in answers) for answers in outcome.found]
    if len(told) > 1:
        told = [_say()("answer.line", answer=one) for one in told]
    titles = [_title(answers[0]) for answers in outcome.found]
    return {"facts": "\n".join(told), "title": wording.say.both(titles)}


def is_silent(outcome: Answers) -> bool:
    """Whether the data answers for none of the products."""
    return all(isinstance(one, NotInData) for answers in outcome.found for one in answers)


def answer_payload(outcome: Answers, wording: Wording) -> Payload:
    """Return the answers with the evidence of each, for channels that show more than text."""
    return {
        "type": "answer",
        "reply_to": "ask_product_question",
        "items": [_item(one, wording) for answers in outcome.found for one in answers],
        "suggestions": [],
    }


def policy_words(outcome: PolicyAnswer | PolicySilent) -> dict[str, str]:
    """Return `description`, the paragraph, and `title`, where it stands; both empty where there is none."""
    paragraph = outcome.paragraph
    if paragraph is None:
        return {"description": "", "title": ""}
    return {"description": paragraph.text, "title": _place(paragraph)}


def policy_payload(outcome: PolicyAnswer | PolicySilent) -> Payload:
    """Return the paragraph with where it stands; nothing answered if the documents are silent."""
    paragraph = outcome.paragraph
    item: Payload = {"kind": "passage" if isinstance(outcome, PolicyAnswer) else "none"}
    if paragraph is not None:
        item |= {"passage": paragraph.text, "source": "policy", "document": paragraph.document}
        item |= {"heading": paragraph.heading} if paragraph.heading else {}
    return {"type": "answer", "reply_to": "faq", "items": [item], "suggestions": []}


def _item(answer: ProductAnswer, wording: Wording) -> Payload:
    item: Payload = {"sku": answer.product.sku, "title": answer.product.title}
    match answer:
        case FacetAnswer():
            item |= {"kind": "facet", "facet": answer.facet, "values": list(answer.values), "verdict": answer.verdict}
            item |= {"label": wording.facet(answer.facet), "shown": _values(answer, wording)}
        case PassageAnswer():
            item |= {"kind": "passage", "passage": answer.text, "source": answer.source}
            item |= {"author": answer.author} if answer.author else {}
        case NotInData():
            item |= {"kind": "none"}
    return item


def _sentence(answer: ProductAnswer, wording: Wording) -> str:
    say, title = _say(), _title(answer)
    match answer:
        case FacetAnswer():
            return _fact(answer, wording)
        case PassageAnswer(source="description"):
            return say("answer.description", title=title, text=answer.text)
        case PassageAnswer():
            key = "answer.review" if answer.author else "answer.review_unsigned"
            return say(key, title=title, text=answer.text, author=answer.author)
        case NotInData():
            return say("answer.none", title=title)


def _fact(answer: FacetAnswer, wording: Wording) -> str:
    say, title, values = _say(), _title(answer), _values(answer, wording)
    if answer.facet == "stock":
        return say("answer.in_stock" if answer.values == ("yes",) else "answer.sold_out", title=title)
    if answer.facet == "price":
        return say("answer.price", title=title, values=values)
    if answer.facet == "rating" and answer.product.rating_count:
        return say("answer.rating", title=title, values=values, count=f"{answer.product.rating_count:,}")
    facet = wording.facet(answer.facet)
    is_flag = answer.values in (("yes",), ("no",))
    if answer.verdict in ("yes", "no"):
        # The flag's own value is said, whichever way the question was put.
        key = f"answer.{answer.values[0]}" if is_flag else "answer.has"
        return say(key, title=title, facet=facet, values=values)
    if answer.verdict == "unlisted":
        asked = wording.value(answer.facet, answer.asked)
        return say("answer.unlisted", title=title, facet=facet, values=values, asked=asked)
    return say("answer.value", title=title, facet=facet[:1].upper() + facet[1:], values=values)


def _values(answer: FacetAnswer, wording: Wording) -> str:
    """Return all that a facet says; a list that lacks something is told whole."""
    return wording.say.both(wording.value(answer.facet, value) for value in answer.values)


def _title(answer: ProductAnswer) -> str:
    title = " ".join(answer.product.title.split())
    return title if len(title) <= MOST_TITLE else title[:MOST_TITLE].rsplit(" ", 1)[0] + " …"


def _place(paragraph: Paragraph) -> str:
    if not paragraph.heading:
        return paragraph.document
    return _say()("answer.place", document=paragraph.document, heading=paragraph.heading)


@lru_cache(maxsize=1)
def _say() -> Phrases:
    path = Path(__file__).parent.parent / "phrases" / "answers_en.yml"
    return Phrases(yaml.safe_load(path.read_text(encoding="utf-8")))
