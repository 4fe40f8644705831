"""The use cases around a shopper: who it is, and what is remembered."""

from collections import Counter

from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import ProfileShown
from shopguide.conversation.turn import Turn
from shopguide.errors import UnknownShopper
from shopguide.guide.parts import Parts
from shopguide.ids import ShopperId
from shopguide.profiles.preferences import TasteProfile


class ShopperCases(Parts):
    """Who is talking, and what is known of them."""

    def shopper_for(self, channel: str, sender_id: str) -> ShopperId | None:
        """Return whose channel account this is, a new shopper's if it was never seen; `None` if nobody can tell now."""
        return self._memory.shopper_for(channel, sender_id)

    def show_profile(self, turn: Turn, need: Need) -> ProfileShown:
        """Tell a shopper what is remembered of them, and what this conversation is about."""
        try:
            view = self._memory.view(turn.shopper_id)
        except UnknownShopper:
            return ProfileShown(TasteProfile(turn.shopper_id), need)
        if view is None:
            return ProfileShown(TasteProfile(turn.shopper_id), need, available=False)
        judged = Counter(event.kind for event in self._memory.history(turn.shopper_id))
        return ProfileShown(view.taste, need, len(view.evidence), {str(kind): n for kind, n in judged.items()})
