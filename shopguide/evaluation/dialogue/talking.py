"""A simulated shopper's conversation with the guide, from the opening to the product or to the end of patience."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnknownProduct
from shopguide.evaluation.dialogue.client import Guide, Reply
from shopguide.evaluation.dialogue.outcome import LIMIT, Outcome
from shopguide.evaluation.dialogue.shopper import Message, Shopper
from shopguide.ids import Sku

Check = Callable[[Message, Reply], None]


@dataclass
class Talk:
    """A conversation as it went."""

    outcome: Outcome = field(default_factory=Outcome)
    turns: list[tuple[Message, Reply]] = field(default_factory=list)

    def as_json(self, arm: str, sku: str) -> dict[str, Any]:
        """Return the conversation for a file: who looked for what, what was said, what was shown."""
        return {
            "arm": arm,
            "target": sku,
            "found": self.outcome.found,
            "turns": [
                {
                    "act": message.act,
                    "said": message.text,
                    "reply": reply.text,
                    "shown": [item.get("sku") for item in (reply.slate or {}).get("items") or ()],
                    "constraints": list((reply.slate or {}).get("constraints") or ()),
                    "buttons": [button.payload for button in reply.buttons],
                }
                for message, reply in self.turns
            ],
        }


def talk(shopper: Shopper, guide: Guide, sender: str, index: CatalogueIndex, check: Check | None = None) -> Talk:
    """Hold a conversation of `LIMIT` messages at most; every message and every press of a button is one action.

    Args:
        shopper: who talks.
        guide: who answers.
        sender: the conversation's id.
        index: the catalogue.
        check: is shown every message with the reply to it.
    """
    held = Talk()
    message = shopper.open()
    while True:
        reply = guide.say(sender, message.text)
        held.turns.append((message, reply))
        held.outcome.actions += 1
        held.outcome.words += message.words
        if check is not None:
            check(message, reply)
        if reply.slate is not None:
            held.outcome.see(_rows(reply, index), shopper.facts)
        if held.outcome.done or held.outcome.actions >= LIMIT:
            return held
        message = shopper.reply(reply)


def _rows(reply: Reply, index: CatalogueIndex) -> list[int]:
    rows = []
    for item in (reply.slate or {}).get("items") or ():
        try:
            rows.append(index.row(Sku(str(item["sku"]))))
        except UnknownProduct:
            continue
    return rows
