"""What a message says for good: sizes that somebody takes, things that they cannot wear. A mood is no such fact."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lexicon.text import normalise
from shopguide.conversation.turn import Turn

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

SIZE = "size"
INTOLERABLE = ("material", "feature")
"""Facets of which something can be impossible for a person, whatever they are looking for."""

_SIZES = re.compile(
    r"\b(my|his|her|their) ([\w'-]+ ){0,2}?(size|feet|foot)\b"
    r"|\b(i|he|she|they)( always| usually| normally| generally| mostly)? (wear|wears|take|takes)\b"
    r"|\b(i am|i'm|im|he is|he's|she is|she's|they are)( always| usually| normally| a| an)* (size|a \w+|an \w+)\b"
    r"|\balways (a |an )?(size|wear|take|buy)\b"
)
"""What makes a size one that a person takes, and not one of what is looked for now."""

_STATED = re.compile(
    r"\b(?:my|his|her|their) (?:[\w'-]+ ){0,2}?size is (?:an? )?(?P<owned>[\w./-]+)"
    r"|\b(?:i|he|she|they)(?: always| usually| normally)? (?:wear|take)s?(?: an?| size)* (?P<taken>[\w./-]+)"
    r"|\b(?:i am|i'm|im|he is|he's|she is|she's|they are) an? (?P<being>[\w./-]+)"
)
"""A size that no entity marks, because nothing but the person's word says that it is one: "i wear a 39"."""

_CANNOT = re.compile(
    r"\b(allergic|allergy|allergies|intolerant|intolerance|sensitive to|react (badly )?to|eczema|a rash|itchy from"
    r"|can(no|')?t wear|can not wear|never wear|never buy|never touch)\b"
)
"""What makes something ruled out a thing that a person cannot have, whatever they look for."""

_FEET = re.compile(r"\b(shoe|shoes|foot|feet|sneakers?|trainers?|boots?)\b")
_FOOTWEAR = ("shoes", "footwear")

WITHOUT: dict[str, tuple[str, ...]] = {
    "vegan": ("leather", "suede", "wool", "merino wool", "silk", "cashmere", "down", "fur", "sheepskin"),
}
"""A way of living, by the word for it, and the materials that it rules out."""

_LIVES = re.compile(rf"\b(?:i am|i'm|im|he is|he's|she is|she's|as an?|being) (?P<way>{'|'.join(WITHOUT)})\b")


@dataclass(frozen=True, slots=True)
class Lasting:
    """A fact about a person. `category` is the kind of product that a size is of, if the message says it."""

    facet: str
    value: str
    polarity: Literal[-1, 1]
    category: str | None = None


def lasting(turn: Turn, index: "CatalogueIndex", category: str | None = None) -> tuple[Lasting, ...]:
    """Return the facts that a message states, in its order; values are folded.

    Args:
        turn: the message.
        index: the catalogue: what it does not list cannot be looked after.
        category: the kind of product that is talked about.
    """
    text = normalise(turn.text).replace("’", "'")
    found: list[Lasting] = []
    sized = _SIZES.search(text) is not None
    cannot = _CANNOT.search(text) is not None
    for mention in turn.mentions:
        facet = mention.facet or mention.entity
        value = normalise(str(mention.value))
        if facet == SIZE and sized and not mention.excluded:
            found.append(Lasting(SIZE, value, 1, _of_feet(text, index) or category))
        elif facet in INTOLERABLE and mention.excluded and cannot:
            found.append(Lasting(facet, value, -1))
    stated = _STATED.search(text)
    if stated is not None and not any(fact.facet == SIZE for fact in found):
        value = next(group for group in stated.groupdict().values() if group)
        if value in {size for size, _ in index.facet_counts(None, SIZE)}:
            found.append(Lasting(SIZE, value, 1, _of_feet(text, index) or category))
    lives = _LIVES.search(text)
    if lives is not None:
        listed = {value for value, _ in index.facet_counts(None, "material")}
        found += [Lasting("material", value, -1) for value in WITHOUT[lives["way"]] if value in listed]
    return tuple(dict.fromkeys(found))


def _of_feet(text: str, index: "CatalogueIndex") -> str | None:
    """Return the catalogue's kind for shoes if a size is said of feet."""
    if _FEET.search(text) is None:
        return None
    known = {name for path in index.category_paths for name in path}
    return next((kind for kind in _FOOTWEAR if kind in known), None)
