"""Ways out in words: what would have to give way, named by what was asked for."""

from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Relaxation
from shopguide.conversation.wording import Wording

NAMED = frozenset({"feature"})
"""Facets whose values are named when they give way: "without “wireless”" tells more than "with any feature"."""


def ways_out(one: Relaxation, need: Need, wording: Wording, *, section: str = "relaxation") -> str:
    """Return one way out; `section` holds the fragments, `relaxation` for sentences, `relaxation.title` for buttons."""
    say = wording.say
    if one.bounds is not None:
        return _bound(one, need, wording, section)
    if len(one.facets) > 2:
        return say(f"{section}.most")
    return say.both(_dropped(facet, need, wording, section) for facet in one.facets)


def instead(one: Relaxation, wording: Wording) -> str:
    """Return what most of the products have in place of what was asked for: " (5 brown)"; empty if none stands out."""
    if one.mostly is None:
        return ""
    value, count = one.mostly
    told = wording.value(one.facets[0], value)
    if count == one.count:
        return wording.say("relaxation.mostly_one" if count == 1 else "relaxation.mostly_all", value=told)
    return wording.say("relaxation.mostly", value=told, count=f"{count:,}")


def _bound(one: Relaxation, need: Need, wording: Wording, section: str) -> str:
    facet, bounds = one.facets[0], one.bounds
    assert bounds is not None  # noqa: S101  (the caller asks only then)
    held = need.bound(facet)
    is_upper = bounds.high is not None and bounds.high != held.high
    new, old = (bounds.high, held.high) if is_upper else (bounds.low, held.low)
    kind = "rating" if facet == "rating" else ("price" if facet == "price" else "number")
    side = "max" if is_upper else "min"
    return wording.say(
        f"{section}.{kind}_{side}",
        facet=wording.facet(facet),
        bound=wording.number(facet, new or 0.0),
        instead=wording.number(facet, old or 0.0),
    )


def _dropped(facet: str, need: Need, wording: Wording, section: str) -> str:
    say = wording.say
    values = need.wanted.get(facet, ())
    if values in (("yes",), ("no",)):
        return say(f"{section}.flag", facet=wording.facet(facet))
    if facet in NAMED and values:
        named = [wording.value(facet, value) for value in values]
        quoted = named if section.endswith("title") else [say("list.quoted", value=value) for value in named]
        return say(f"{section}.named", values=say.both(quoted))
    info = wording.index.facets.get(facet)
    counted = info is not None and info.kind == "number" and info.unit is None
    key = f"{section}.any.{'count' if counted and facet not in ('price', 'rating') else facet}"
    return (
        say(key, facet=wording.facet(facet))
        if say.has(key)
        else say(f"{section}.any.other", facet=wording.facet(facet))
    )
