"""Ids that must not be swapped: a swapped id still gives plausible recommendations, and nobody notices."""

import re
from typing import NewType
from uuid import uuid4

Sku = NewType("Sku", str)
"""A product's id as its feed gives it."""

ShopperId = NewType("ShopperId", str)
"""A person, whichever channel they write from."""

OWN_PREFIX, OWN_LENGTH = "s-", 34
"""How the ids begin, and how long they are, that we give to shoppers whom the shop does not know."""

ConversationId = NewType("ConversationId", str)
"""A channel's sender id: one conversation of one channel account."""

SlateId = NewType("SlateId", str)
"""A slate as shown."""


def new_shopper_id() -> ShopperId:
    """Return an id for somebody whom the shop does not know; it is never given again."""
    return ShopperId(f"{OWN_PREFIX}{uuid4().hex}")


def is_own(shopper_id: ShopperId) -> bool:
    """Whether an id is of our making, not the shop's."""
    return re.fullmatch(f"{OWN_PREFIX}[0-9a-f]{{32}}", shopper_id) is not None
