"""The use case around a shopper's identity."""

from shopguide.guide.parts import Parts
from shopguide.ids import ShopperId


class ShopperCases(Parts):
    """Who is talking."""

    def shopper_for(self, channel: str, sender_id: str) -> ShopperId | None:
        """Return whose channel account this is, a new shopper's if it was never seen; `None` if nobody can tell now."""
        return self._memory.shopper_for(channel, sender_id)
