"""A shopper's profile as tables."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shopguide.profiles.facts import Fact
from shopguide.profiles.habits import Habits
from shopguide.profiles.preferences import Opinion, Overruled, Source
from shopguide.profiles.service import ShopperView

SHOWN_EVIDENCE = 20

_CONSENT = {True: "granted", False: "refused", None: "not asked"}


def print_profile(view: ShopperView, habits: Habits, currency: str) -> None:
    """Print all that the profile knows of a shopper."""
    console = Console()
    console.print(Text(f"Shopper {view.shopper_id}, known since {view.created_at:%Y-%m-%d %H:%M} UTC"))
    for identity in view.identities:
        console.print(Text(f"  {identity.channel}: {identity.sender_id}"))
    consents = view.consents
    console.print(f"Personalisation: {_CONSENT[consents.personalisation]}, analytics: {_CONSENT[consents.analytics]}")
    if view.taste.is_empty:
        console.print("No tastes known yet.")
    _print(console, _tastes("Tastes", view.taste.opinions))
    _print(console, _facts("Facts", view.facts))
    for person in view.recipients:
        _print(console, _tastes(f"Tastes of {person.recipient}", person.taste.opinions))
        _print(console, _facts(f"Facts about {person.recipient}", person.facts))
    for table in _habits(habits, currency):
        _print(console, table)
    _print(console, _evidence(view))


def _print(console: Console, table: Table) -> None:
    if table.row_count:
        console.print(table)


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=Text(title), title_justify="left")


def _tastes(title: str, opinions: Iterable[Opinion]) -> Table:
    table = _table(title, "facet", "value", "weight", "since", "rests on", "against")
    for held in sorted(opinions, key=lambda held: (held.facet, -held.weight)):
        value = f"{held.value} ({held.category})" if held.category else held.value
        against = "; ".join(map(_overruled, held.overruled))
        table.add_row(
            Text(held.facet),
            Text(value),
            f"{held.weight:+.2f}",
            f"{held.since:%Y-%m-%d}",
            _counts(held.sources),
            Text(against),
        )
    return table


def _overruled(one: Overruled) -> str:
    return f"{'' if one.polarity > 0 else 'not '}{one.value} ({_counts(one.sources)}, {one.latest:%Y-%m-%d})"


def _counts(sources: Mapping[Source, int]) -> str:
    return ", ".join(f"{count} {source}" for source, count in sources.items())


def _facts(title: str, facts: Iterable[Fact]) -> Table:
    table = _table(title, "facet", "value", "of", "since", "said")
    for fact in facts:
        value = fact.value if fact.polarity > 0 else f"not {fact.value}"
        table.add_row(
            Text(fact.facet), Text(value), Text(fact.category or "anything"), f"{fact.since:%Y-%m-%d}", f"{fact.times}×"
        )
    return table


def _habits(habits: Habits, currency: str) -> Iterable[Table]:
    prices = _table(f"Prices ({currency})", "category", "from", "usually", "to", "rests on")
    for one in habits.prices:
        amounts = ("" if amount is None else f"{amount:g}" for amount in (one.low, one.usual, one.high))
        prices.add_row(Text(one.category), *amounts, str(one.n))
    yield prices
    level = _table("Price level", "0 cheapest, 1 dearest", "rests on", "asked for cheaper", "asked for dearer")
    if (found := habits.sensitivity) is not None:
        level.add_row(f"{found.level:.2f}", str(found.n), str(found.cheaper), str(found.dearer))
    yield level
    brands = _table("Brands returned to", "brand", "share", "times what the catalogue explains", "choices")
    for brand in habits.brands:
        brands.add_row(Text(brand.brand), f"{brand.share:.0%}", f"{brand.lift:.1f}", f"{brand.n:g}")
    yield brands
    rhythms = _table("Buys again", "category", "every", "last", "expected", "times")
    for rhythm in habits.rhythms:
        days = f"{rhythm.every_days:g} days"
        rhythms.add_row(
            Text(rhythm.category), days, f"{rhythm.last:%Y-%m-%d}", f"{rhythm.expected:%Y-%m-%d}", str(rhythm.n)
        )
    yield rhythms


def _evidence(view: ShopperView) -> Table:
    rests = _table("The latest evidence", "when (UTC)", "source", "facet", "value", "says", "for")
    for piece in view.evidence[:SHOWN_EVIDENCE]:
        says = {1: "wants", -1: "does not want", 0: "took it back"}[piece.polarity]
        whom = piece.recipient or "themselves"
        rests.add_row(
            f"{piece.at:%Y-%m-%d %H:%M}", piece.source, Text(piece.facet), Text(piece.value), says, Text(whom)
        )
    return rests
