"""The use case of other shoppers' reviews."""

from dataclasses import replace

from shopguide.conversation.outcomes_product import ReviewOutcome, Reviews
from shopguide.conversation.reviewing import asking_for_reviews, summed_up
from shopguide.conversation.turn import Turn
from shopguide.conversation.words import asking, content_words
from shopguide.guide.parts import Parts

READ_AT_ONCE = 3
"""Products whose reviews one message can ask for."""


class ReviewCases(Parts):
    """What do others say of it?"""

    def reviews(self, turn: Turn, focus: str | None = None) -> ReviewOutcome:
        """Sum up the reviews of the products that the message means; of what it asks about, if it names that."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._meant(turn, slate, focus, index)
        if not isinstance(meant, tuple):
            return meant
        places = {item.sku: item.position for item in slate.items} if slate is not None else {}
        idle = asking() | asking_for_reviews()
        words = [word for word in content_words(turn.text, turn.mentions) if word not in idle]
        told = []
        for sku in meant[:READ_AT_ONCE]:
            product = replace(index.product(sku), reviews=self._reviews_of(sku))
            known = set(index.mended(product.title))
            about = [word for word in words if not known & set(index.mended(word))]
            told.append(summed_up(product, places.get(sku), about))
        return Reviews(tuple(told))
