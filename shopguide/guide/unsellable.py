"""What is asked for and not sold, as part of the search."""

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.answerable import answerable
from shopguide.conversation.asked import Thing, about_the_thing, thing_asked
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Unsold
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import understand
from shopguide.conversation.unsold import departments, nearest_kinds
from shopguide.conversation.words import content_words
from shopguide.guide.parts import Parts

LOST = frozenset({"out_of_scope", "nlu_fallback"})
"""Intents of a message whose words the classifier did not know."""


class Unsellable(Parts):
    """Tells which thing a message asks for by a name that the catalogue does not know."""

    def names_goods(self, turn: Turn, need: Need) -> bool:
        """Whether a message names a kind of product or a thing, or says something of what is looked for."""
        wanted = any(one.entity == "category" and not one.excluded for one in turn.mentions)
        if wanted or thing_asked(turn) is not None:
            return True
        if "category" not in need.wanted:
            return False
        index = self.index
        rows, words = index.matching(answerable(need, index)[0].constraints()), content_words(turn.text, turn.mentions)
        return any(len(index.search(word, rows, 1)[0]) for word in words)

    def _thing(self, turn: Turn, need: Need) -> Thing | None:
        """Return the thing that a message opens a need for, if no value of the catalogue names it."""
        looking = "category" not in need.wanted and turn.open_question in (None, "category")
        opens = turn.intent == "search_products" or (turn.intent == "inform_preference" and looking)
        # What sort of thing was asked: a word that the classifier never saw may well be one.
        answers = turn.open_question == "category" and turn.intent in LOST
        thing = thing_asked(turn) if opens or answers else None
        return None if thing is not None and thing.behaves and "category" in need.wanted else thing

    def _unsold(self, thing: Thing, turn: Turn, need: Need, index: CatalogueIndex) -> Unsold:
        """Say that there is no such thing; what was looked for before it stays."""
        kinds = nearest_kinds(thing, index, self._recommender.likeness(" ".join(thing.words)))
        if "category" not in need.wanted:
            # Whom it is for stays; what a kayak may cost says nothing of what a backpack may cost.
            said = understand(need, about_the_thing(turn), index).need
            need = need.want("audience", said.wanted.get("audience", ()))
        return Unsold(need, thing.said, thing.one, kinds or departments(index), near=bool(kinds))
