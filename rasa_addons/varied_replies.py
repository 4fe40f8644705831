"""Responses that are never phrased alike twice in a row.

Rasa draws among the variations of a response by lot, so that one in three replies is the last one again. This generator
(`nlg` in endpoints.yml) leaves out the variation that the same response was said with last; which one that was stands
in the metadata of the reply in the tracker.
"""

from __future__ import annotations

import copy
import random
from typing import Any

from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker

VARIATION = "variation"
"""The key of a reply's metadata that tells which variation of its response was said."""


class VariedReplies(TemplatedNaturalLanguageGenerator):  # type: ignore[misc]  # rasa has no types
    """Chooses the wording of responses from the domain, another one each time."""

    def __init__(self, endpoint_config: Any = None, domain: Domain | None = None) -> None:
        """Take the responses of a domain; Rasa passes the `nlg` entry of endpoints.yml as well."""
        super().__init__(domain.responses if domain is not None else {})

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """Return a response with its braces filled, worded otherwise than last time; `None` if there is none."""
        slots = tracker.current_slot_values()
        if utter_action not in self.responses:
            return None
        found = ResponseVariationFilter(self.responses).responses_for_utter_action(utter_action, output_channel, slots)
        if not found:
            return None
        every = self.responses[utter_action]
        last = last_variation(tracker, utter_action)
        others = [one for one in found if every.index(one) != last]
        chosen = random.choice(others or found)  # noqa: S311  (wording is no secret)
        reply: dict[str, Any] = self._fill_response(copy.deepcopy(chosen), slots, **kwargs)
        return {**reply, VARIATION: every.index(chosen)}


def last_variation(tracker: DialogueStateTracker, utter_action: str) -> int | None:
    """Return which variation of a response was said last in a conversation; `None` if it was not said yet."""
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered) and event.metadata.get("utter_action") == utter_action:
            found = event.metadata.get(VARIATION)
            return found if isinstance(found, int) else None
    return None
