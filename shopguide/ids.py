"""Ids that must not be swapped: a swapped id still gives plausible recommendations, and nobody notices."""

from typing import NewType

Sku = NewType("Sku", str)
"""A product's id as its feed gives it."""

ShopperId = NewType("ShopperId", str)
"""A person, whichever channel they write from."""

ConversationId = NewType("ConversationId", str)
"""A channel's sender id: one conversation of one channel account."""

SlateId = NewType("SlateId", str)
"""A slate as shown."""
