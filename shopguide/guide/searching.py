"""The use cases of a search: understand a message, ask, show, page, criticise, relax."""

from dataclasses import replace

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation import critique as critiques
from shopguide.conversation.answerable import answerable
from shopguide.conversation.asked import about_the_thing
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import (
    Ask,
    CritiqueFailed,
    NamedShown,
    NoSlate,
    Ready,
    SearchOutcome,
    SlateShown,
    Unchanged,
    Unsold,
    WhichOne,
    sku_list,
)
from shopguide.conversation.question import Question, Rows, next_question, question_about, questions
from shopguide.conversation.references import pointing
from shopguide.conversation.style import saying, style_of
from shopguide.conversation.switching import left_behind, still_sensible
from shopguide.conversation.turn import Mention, Turn
from shopguide.conversation.understanding import Understanding, insists, ordinals, understand
from shopguide.conversation.unsold import Sold, sold
from shopguide.conversation.words import lone_number
from shopguide.feedback.events import Slate
from shopguide.guide.onscreen import comparable, extreme, pointed_anchor, shown_rows
from shopguide.guide.showing import Showing, by_words, measured
from shopguide.guide.unsellable import LOST, Unsellable
from shopguide.ids import Sku

SEARCHING = frozenset(
    {
        "search_products",
        "inform_preference",
        "no_preference",
        "remove_preference",
        "ask_recommendation",
        "critique_slate",
        "show_more",
        "deny",
    }
)
"""Intents that belong to a search; while a question is open they answer it, or overtake it."""

CORRECTING = frozenset({"inform_preference", "no_preference", "remove_preference"})
"""Intents that mean to change a need: one that changes nothing was not understood."""

IMPATIENT = frozenset({"ask_recommendation", "show_more", "critique_slate"})
"""Intents of a shopper who would rather see something than answer."""

SUGGESTED = 3
"""Facets named to a shopper whose message changed nothing."""

FEW = 2
"""A need is clear when at most this many slates would hold all its matches."""

MOST_UNHEARD = 2
"""Words of a message that are said back where no product mentions them; longer ones are talk."""

REMEMBERED_SHOWN = 400
"""Products that paging remembers as shown."""


class SearchCases(Unsellable, Showing):
    """From a message to a question or to a slate."""

    def consider(self, turn: Turn, need: Need) -> Ask | Ready | Unsold | None:
        """Take a message into the need and decide whether to ask or to show.

        Returns:
            the question, that the need is clear enough, or that the shop has nothing of the kind, each with the need as
            it is now; `None` if the message has nothing to do with the search, so that the open question has to be put
            again later.
        """
        index = self.index
        turn = self._chosen(turn, need)
        thing = self._thing(turn, need)
        known = sold(thing, index) if thing is not None else None
        if thing is not None:
            if known is Sold.NO:
                return self._unsold(thing, turn, need, index)
            turn, need = about_the_thing(turn), left_behind(need)
        understood = understand(need, turn, index)
        if not self._concerns(turn, understood, index):
            return None
        now = still_sensible(self._for_whom(turn, need, understood), turn, understood, index)
        self._learn(turn, need, now)
        self._learn_for_good(turn, now, index)
        self._note_search(turn, now)
        said = now
        slate = comparable(self._memory.slate(turn.current_slate), now, index)
        for facet, direction in understood.critiques.items():
            found = self._bounded(now, facet, direction, shown_rows(slate, index), index)
            now = found if isinstance(found, Need) else now
        # Nobody said the number that "cheap" came to.
        self._learn(turn, said, now, "critique")
        now = self._with_facts(turn, now, index)
        checked = answerable(now, index)[0]
        rows = by_words(checked, index, index.matching(checked.constraints())).rows
        if known is Sold.MENTIONED or self._clear(turn, now, understood, rows):
            # To narrow down what only mentions a thing would promise that it is there.
            return Ready(now)
        question = next_question(now, index, rows, self._taste(turn, now), sought=self._recommender.sought(rows, index))
        if question is None:
            return Ready(now)
        return Ask(now.ask(question.facet), question, measured(now, understood, slate))

    def _chosen(self, turn: Turn, need: Need) -> Turn:
        """Return a message that points at an answer of the open question ("the first", "2") as if it were pressed."""
        number = lone_number(turn)
        places = ordinals(turn.mentions) or ((number,) if number is not None else ())
        question = self.question(need, turn.open_question) if places and turn.open_question is not None else None
        if question is None:
            return turn
        options = question.options
        chosen = [options[place - 1 if place > 0 else place] for place in places if 0 < abs(place) <= len(options)]
        rest = tuple(mention for mention in turn.mentions if mention.entity != "ordinal")
        return replace(turn, mentions=(*rest, *(Mention("answer", str(option.answer)) for option in chosen)))

    def question(self, need: Need, facet: str) -> Question | None:
        """Return the question about a facet once more, as the matches stand now."""
        index = self.index
        if facet not in index.facets:
            return None
        checked = answerable(need, index)[0]
        return question_about(facet, need, index, by_words(checked, index, index.matching(checked.constraints())).rows)

    def search(self, turn: Turn, need: Need) -> SearchOutcome:
        """Show products for a need that the turn is already part of."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        if turn.intent == "show_more" and slate is not None:
            return self.more(turn, need)
        understood = understand(need, turn, index)
        thing = self._thing(turn, need) if turn.intent == "search_products" else None
        in_passing = thing.said if thing is not None and sold(thing, index) is Sold.MENTIONED else ""
        if turn.intent == "ask_recommendation" and not len(index.matching(answerable(need, index)[0].constraints())):
            # "Surprise me" after nothing fitted: for the same person, but with open arms.
            need = Need(excluded=need.excluded, recipient=need.recipient).want(
                "audience", need.wanted.get("audience", ())
            )
        if slate is not None and not understood.ordinals and dict(slate.state.get("need") or {}) == need.slots():
            if turn.intent in ("ask_recommendation", "no_preference"):
                # "You choose": whoever minds nothing has nothing to add.
                return self.more(turn, need)
            if turn.intent in CORRECTING:
                return Unchanged(need, self._open(turn, need, index))
        shown = self._show(turn, need, understood, slate, index)
        if not isinstance(shown, SlateShown):
            return shown
        return replace(shown, in_passing=in_passing, unheard=_unheard(turn, understood, shown, index))

    def _open(self, turn: Turn, need: Need, index: CatalogueIndex) -> tuple[str, ...]:
        """Return what a shopper could still say of the products that fit, the most telling facets first."""
        rows = index.matching(answerable(need, index)[0].constraints())
        found = questions(need, index, rows, self._taste(turn, need), sought=self._recommender.sought(rows, index))
        return tuple(question.facet for question in found[:SUGGESTED])

    def more(self, turn: Turn, need: Need, *, apart: bool = False) -> SearchOutcome:
        """Show the next products for the same need, none of those shown before; `apart`: of other brands."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        if slate is None:
            return self._show(turn, need, Understanding(need), None, index)
        seen = (*sku_list(slate.state.get("shown")), *(item.sku for item in slate.items))
        beside = frozenset(item.sku for item in slate.items) if apart else frozenset[Sku]()
        return self._show(turn, need, Understanding(need), slate, index, seen=seen[-REMEMBERED_SHOWN:], beside=beside)

    def critique(self, turn: Turn, need: Need, focus: str | None = None) -> SearchOutcome:
        """Show products that differ from the slate as the shopper asked: "cheaper", "like the second but in blue".

        `focus` is the product talked about last.
        """
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        understood = self._criticised(turn, need, slate, focus, index)
        if not isinstance(understood, Understanding):
            return understood
        if slate is not None and understood.is_blank and insists(turn):
            understood = replace(understood, critiques=dict(slate.state.get("critiques") or {}))
        lost = understood.ordinals and slate is not None and not pointed_anchor(understood, slate, index)
        if lost or (slate is None and understood.need.is_empty):
            return NoSlate(len(slate.items) if slate is not None else 0)
        now = understood.need
        if not len(index.matching(answerable(now, index)[0].constraints())):
            # There is nothing to measure: what was asked for has to give way first.
            return self._show(turn, now, understood, slate, index)
        rows = shown_rows(comparable(slate, now, index), index)
        for facet, direction in understood.critiques.items():
            found = self._bounded(now, facet, direction, rows, index)
            if isinstance(found, Need):
                now = found
            elif not understood.said and len(understood.critiques) == 1:
                return CritiqueFailed(need, facet, direction, found, extreme(index, facet, direction, rows))
        if understood.is_blank:
            return self._in_style(turn, need, slate, index)
        self._learn(turn, need, now, "critique")
        return self._show(turn, now, understood, slate, index)

    def _in_style(self, turn: Turn, need: Need, slate: Slate | None, index: CatalogueIndex) -> SearchOutcome:
        """Show what is more, or less, as the message says ("plainer"); if it says nothing, what was not seen yet."""
        checked = answerable(need, index)[0]
        rows = index.matching(checked.constraints())
        style = style_of(turn, index, rows)
        if style.more:
            outcome = self._show(turn, need.saying(style.more), Understanding(need), slate, index)
            return replace(outcome, stressed=style.more) if isinstance(outcome, SlateShown) else outcome
        avoided = saying(style.less, index, rows)
        if not len(avoided) or len(avoided) == len(rows):
            outcome = self.more(turn, need, apart=True)
            return replace(outcome, unheard=style.unheard) if isinstance(outcome, SlateShown) else outcome
        outcome = self._show(
            turn, need, Understanding(need), slate, index, without=frozenset(index.skus[row] for row in avoided)
        )
        return replace(outcome, avoided=style.less) if isinstance(outcome, SlateShown) else outcome

    def _criticised(
        self, turn: Turn, need: Need, slate: Slate | None, focus: str | None, index: CatalogueIndex
    ) -> Understanding | WhichOne | NamedShown:
        """Understand a critique; the words for the product that something should resemble demand nothing themselves."""
        pointed = pointing(turn)
        if pointed is None:
            return understand(need, turn, index)
        meant = self._meant(pointed[0], slate, focus, index)
        if isinstance(meant, WhichOne):
            return replace(meant, critiques=understand(need, pointed[1], index).critiques)
        if isinstance(meant, NamedShown):
            return meant
        if isinstance(meant, tuple):
            understood = replace(understand(need, pointed[1], index), resembling=meant[0])
            kind = index.values("category", index.row(meant[0]))[-1:]
            if "category" in understood.need.wanted or not kind:
                return understood
            # Who asks for something like a backpack wants a backpack.
            return replace(understood, need=understood.need.want("category", kind))
        return understand(need, turn, index)

    def _bounded(
        self, need: Need, facet: str, direction: str, rows: list[int], index: CatalogueIndex
    ) -> Need | critiques.Failure:
        """Return the need with the bound that a critique asks for, measured among what the catalogue can check."""
        checked, facet = answerable(need, index)[0], critiques.measurable(facet, rows, index)
        found = critiques.bounded(checked, facet, direction, rows, index=index, enough=self._settings.slate_size)
        if found == "unknown":
            sized = critiques.stepped(checked, facet, direction, index)
            return need.want(facet, sized.wanted[facet]) if isinstance(sized, Need) else sized
        return need.want(facet, ()).within(facet, found.bound(facet)) if isinstance(found, Need) else found

    # -- deciding ---------------------------------------------------------------------------------------------------

    def _concerns(self, turn: Turn, understood: Understanding, index: CatalogueIndex) -> bool:
        if turn.intent in SEARCHING:
            return turn.intent != "deny" or turn.open_question is not None
        if turn.open_question is None:
            # A form opened by another intent (a story may) takes whatever the message holds.
            return not understood.is_blank
        # An answer whose words the classifier did not know, or a plain yes to a yes-or-no question.
        return turn.open_question in understood.said and (turn.intent == "affirm" or turn.intent in LOST)

    def _clear(self, turn: Turn, need: Need, understood: Understanding, rows: Rows) -> bool:
        if turn.annoyed or (turn.open_question is not None and turn.intent in IMPATIENT):
            return True
        if turn.current_slate is not None and not understood.switched:
            return True
        if len(need.asked) >= self._settings.max_questions or len(rows) <= FEW * self._settings.slate_size:
            return True
        if turn.intent == "ask_recommendation" and need.is_empty:
            return not self._taste(turn, need).is_empty
        # A shopper who came with a noun is glad of guidance; one who came with details wants to see something.
        brought = {key.partition("=")[0] for key in need.kept_in_mind}
        details = len([f for f in need.facets if f != "category" and f not in brought]) + bool(need.words)
        if "category" in need.wanted:
            return details >= (2 if need.asked else 1)
        return details >= 3


def _unheard(turn: Turn, understood: Understanding, shown: SlateShown, index: CatalogueIndex) -> tuple[str, ...]:
    """Return the words of a message that said nothing else, if no match has any: as if it had not been heard.

    Of a longer message most words are talk, and of a search the thing itself was looked up before.
    """
    words = tuple(understood.need.words.split())
    if turn.intent != "inform_preference" or understood.said != {"text"} or len(words) > MOST_UNHEARD:
        return ()
    rows = index.matching(answerable(shown.need, index)[0].constraints())
    return () if any(len(index.search(word, rows, 1)[0]) for word in words) else words
