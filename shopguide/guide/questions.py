"""The use cases of questions: about products, and about the shop itself."""

from shopguide.conversation.answering.faq import PolicyOutcome
from shopguide.conversation.answering.outcomes import Answers
from shopguide.conversation.outcomes import NameUnknown, NoSlate, Unresolved
from shopguide.conversation.turn import Turn
from shopguide.guide.parts import Parts

ANSWERED_AT_ONCE = 4
"""Products that one question can be about."""


class QuestionCases(Parts):
    """What a shopper asks and the shop's data answers."""

    def ask_product(self, turn: Turn, question: str, focus: str | None = None) -> Answers | Unresolved:
        """Answer a question about the products that a message means, for each of them.

        Args:
            turn: the message.
            question: the words that ask; not the message's own where a button only says which product was meant.
            focus: the product talked about last.
        """
        index = self.index
        meant = self._meant(turn, self._memory.slate(turn.current_slate), focus, index)
        if isinstance(meant, NameUnknown) and not any(one.entity == "product" for one in turn.mentions):
            # "Is it waterproof?" before anything was shown names nothing.
            return NoSlate()
        if not isinstance(meant, tuple):
            return meant
        answerer = self._library.answerer(index)
        about = _without_pointing(question, turn)
        return Answers(
            question,
            tuple(answerer.answer(about, self._library.product(sku, index)) for sku in meant[:ANSWERED_AT_ONCE]),
        )

    def ask_shop(self, question: str, topic: str = "") -> PolicyOutcome:
        """Answer a question about the shop from its documents.

        Args:
            question: the message.
            topic: what it was understood to be about ("returns"), as far as that is known.
        """
        return self._library.policies.answer(question, topic)


def _without_pointing(question: str, turn: Turn) -> str:
    """Return a question without the words that only say which product is meant."""
    if question != turn.text:
        return question
    characters = list(question)
    spans = [(one.start, one.end) for one in turn.mentions if one.entity in ("ordinal", "product")]
    for start, end in (*spans, *((one.start, one.end) for one in turn.references)):
        characters[start:end] = " " * (end - start)
    return "".join(characters)
