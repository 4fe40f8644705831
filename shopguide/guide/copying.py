"""A shopper's own copy: everything that is kept of them, as data."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shopguide.catalogue.product import Product
from shopguide.conversation.outcomes_privacy import Known, KnownValue
from shopguide.errors import DialogueServerUnavailable, UnknownProduct, UnknownShopper
from shopguide.guide.knowing import known
from shopguide.ids import ConversationId, ShopperId, Sku
from shopguide.privacy.service import Privacy
from shopguide.profiles.service import Profiles

log = logging.getLogger(__name__)

SCHEMA = "shopguide-copy/1"
"""Named in every copy, so that whoever reads it later knows how; another number if a key changes its meaning."""

_Row = Mapping[str, Any]


class Copying:
    """Puts a shopper's copy together.

    Args:
        profiles: what their profile says.
        privacy: every row that is theirs.
        product: returns a product, for its title.
        habits: returns a shopper's habits, ready for JSON.
        shop_name: who made the copy.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        profiles: Profiles,
        privacy: Privacy,
        product: Callable[[Sku], Product],
        *,
        habits: Callable[[ShopperId], Mapping[str, Any] | None],
        shop_name: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._profiles = profiles
        self._privacy = privacy
        self._product = product
        self._habits = habits
        self._shop_name = shop_name
        self._clock = clock

    def copy(self, shopper_id: ShopperId) -> dict[str, Any]:
        """Return everything that is kept of a shopper, ready for JSON.

        `rows` has every row of every table as it is stored; the rest says the same for people. What was said in a
        conversation is `None` while the dialogue server does not answer.

        Raises:
            UnknownShopper: nobody has this id, or they were erased.
            DatabaseError: the database cannot be reached.
        """
        trace = self._privacy.trace(shopper_id)
        rows = self._privacy.rows(trace)
        if not rows:
            raise UnknownShopper(f"no shopper {shopper_id!r}")
        try:
            told = known(self._profiles.show(shopper_id), self._privacy.kept(shopper_id))
        except UnknownShopper:  # events came, the shopper's own record never did
            told = Known(shopper_id)
        titles = _Titles(self._product)
        shown = self._shown(rows, titles)
        return {
            "schema": SCHEMA,
            "shop": self._shop_name,
            "created_at": self._clock().isoformat(),
            "shopper_id": shopper_id,
            "known_since": told.since.isoformat() if told.since else None,
            "accounts": [
                {"channel": row["channel"], "sender_id": row["sender_id"], "since": row["created_at"]}
                for row in rows.get("identities", [])
            ],
            "consent": {"personalisation": told.consents.personalisation, "analytics": told.consents.analytics},
            "decisions": [_only(row, "purpose", "granted", "at", "source") for row in rows.get("consents", [])],
            "tastes": [_value(value) for value in told.tastes],
            "facts": [_value(value) for value in told.facts],
            "recipients": {who: [_value(value) for value in values] for who, values in told.recipients.items()},
            "habits": self._habits(shopper_id),
            "evidence": [
                _only(
                    row,
                    "at",
                    "facet",
                    "value",
                    "polarity",
                    "strength",
                    "source",
                    "category",
                    "recipient",
                    "conversation_id",
                    "session_only",
                )
                for row in rows.get("preferences", [])
            ],
            "events": [
                {**_only(row, "at", "kind", "sku", "value", "text", "session_only"), "title": titles.of(row["sku"])}
                for row in rows.get("feedback_events", [])
            ],
            "shown": shown,
            "conversations": self._conversations(sorted(trace.conversations)),
            "rows": rows,
        }

    def _conversations(self, conversations: Sequence[ConversationId]) -> list[dict[str, Any]]:
        answers = True  # a server that does not answer for one is not asked for the next
        found: list[dict[str, Any]] = []
        for conversation in conversations:
            said: list[dict[str, Any]] | None = None
            try:
                if answers:
                    messages = self._privacy.conversations.said_in(conversation)
                    said = [{"at": one.at.isoformat(), "by": one.by, "text": one.text} for one in messages]
            except DialogueServerUnavailable as error:
                log.warning("a copy without what was said: %s", error)
                answers = False
            found.append({"id": conversation, "said": said})
        return found

    @staticmethod
    def _shown(rows: Mapping[str, list[dict[str, Any]]], titles: "_Titles") -> list[dict[str, Any]]:
        items: dict[str, list[_Row]] = {}
        for row in rows.get("slate_items", []):
            items.setdefault(row["slate_id"], []).append(row)
        return [
            {
                "at": row["created_at"],
                "slate_id": row["slate_id"],
                "conversation_id": row["conversation_id"],
                "products": [
                    {"position": item["position"], "sku": item["sku"], "title": titles.of(item["sku"])}
                    for item in sorted(items.get(row["slate_id"], []), key=lambda item: int(item["position"]))
                ],
            }
            for row in rows.get("slates", [])
        ]


class _Titles:
    """Titles of products, each read once; a product that is gone has none."""

    def __init__(self, product: Callable[[Sku], Product]) -> None:
        self._product = product
        self._known: dict[str, str | None] = {}

    def of(self, sku: str | None) -> str | None:
        if sku is None:
            return None
        if sku not in self._known:
            try:
                self._known[sku] = self._product(Sku(sku)).title
            except UnknownProduct:
                self._known[sku] = None
        return self._known[sku]


def _only(row: _Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _value(value: KnownValue) -> dict[str, Any]:
    return {
        "facet": value.facet,
        "value": value.value,
        "weight": round(value.weight, 4),
        "category": value.category,
        "since": value.since.isoformat(),
        "latest": value.latest.isoformat(),
        "origins": [
            {
                "source": origin.source,
                "count": origin.count,
                "latest": origin.latest.isoformat(),
                "channel": origin.channel,
            }
            for origin in value.origins
        ],
    }
