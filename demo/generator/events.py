"""Twelve months of behaviour: sessions of view, click, like or dislike, cart and purchase, driven by latent tastes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np

from generator.products import DAYS, FIRST_DAY, Made
from generator.shoppers import Shopper
from generator.source import Source

LAST_MOMENT = FIRST_DAY + timedelta(days=DAYS, seconds=-1)
HOURS = (1, 1, 0.5, 0.5, 0.5, 1, 2, 4, 5, 5, 6, 6, 7, 6, 5, 5, 6, 7, 9, 11, 12, 11, 7, 3)
MONTHS = (1.1, 1.5, 1.0, 0.85, 0.9, 0.95, 1.0, 1.0, 0.9, 0.9, 1.0, 1.05, 1.1)


@dataclass
class Assortment:
    """The products as arrays; rows follow the list of products.

    Args:
        styles: [n, 8].
        level: [n], price within the family, 0 (lowest) to 1.
        quality, popularity, launch_day: [n].
        rows: family key → rows [n_family].
    """

    products: list[Made]
    styles: np.ndarray
    level: np.ndarray
    quality: np.ndarray
    popularity: np.ndarray
    launch_day: np.ndarray
    rows: dict[str, np.ndarray]

    @classmethod
    def of(cls, products: list[Made]) -> "Assortment":
        """Lay the products out in arrays."""
        keys = [product.family.key for product in products]
        level = np.array([
            (np.log(product.price_cents / 100) - np.log(product.family.price[0]))
            / (np.log(product.family.price[1]) - np.log(product.family.price[0]))
            for product in products
        ])  # fmt: skip
        return cls(
            products=products,
            styles=np.array([product.style for product in products]),
            level=level,
            quality=np.array([product.quality for product in products]),
            popularity=np.array([product.popularity for product in products]),
            launch_day=np.array([product.launch_day for product in products]),
            rows={
                key: np.array([row for row, other in enumerate(keys) if other == key]) for key in dict.fromkeys(keys)
            },
        )

    def appeal(self, shopper: Shopper) -> np.ndarray:
        """Return how much each product appeals to a shopper: [n], as log-odds up to a shift."""
        audience = np.array([_audience(shopper, product) for product in self.products])
        brand = np.array([shopper.brands[product.brand] for product in self.products])
        colour = np.array([shopper.colours[p.colour] if "colour" in p.facets else 0.0 for p in self.products])
        taste = self.styles @ np.array(shopper.style)
        price = -6.0 * (self.level - shopper.level) ** 2 - 0.5 * shopper.thrift * (self.level - 0.4)
        appeal: np.ndarray = 0.9 * taste + 0.9 * brand + 0.6 * colour + price + 0.35 * self.quality + audience - 0.9
        return appeal


def make_events(
    source: Source, products: list[Made], shoppers: list[Shopper], count: int, seed: str
) -> list[dict[str, Any]]:
    """Simulate sessions until about `count` events exist; the result is in order of time, ids counting up."""
    assortment = Assortment.of(products)
    random = Random(f"{seed}:events")
    weight = sum(shopper.activity * (DAYS - shopper.joined_day) / DAYS for shopper in shoppers)
    events: list[dict[str, Any]] = []
    for shopper in shoppers:
        expected = count / EVENTS_PER_SESSION * shopper.activity * (DAYS - shopper.joined_day) / DAYS / weight
        sessions = max(1, int(expected) + (random.random() < expected % 1))
        events += _Visitor(assortment, shopper, Random(f"{seed}:{shopper.shopper_id}")).visit(sessions)
    events.sort(key=lambda event: (event["at"], event["shopper_id"]))
    return [
        {"event_id": f"demo-{number:06d}", **event, "at": event["at"].isoformat().replace("+00:00", "Z")}
        for number, event in enumerate(events, 1)
    ]


def _audience(shopper: Shopper, product: Made) -> float:
    wanted = product.facets.get("audience")
    return 3.0 * (shopper.audiences.get(wanted[0], 0.0) - 1.0) if wanted else 0.0


EVENTS_PER_SESSION = 8.75
"""Measured mean; sets how many sessions make the number of events that is asked for."""


class _Visitor:
    """One shopper's year."""

    def __init__(self, assortment: Assortment, shopper: Shopper, random: Random) -> None:
        self.assortment = assortment
        self.shopper = shopper
        self.random = random
        self.appeal = assortment.appeal(shopper)
        self.interests = dict(shopper.interests)
        self.owned: set[int] = set()
        self.events: list[dict[str, Any]] = []

    def visit(self, sessions: int) -> list[dict[str, Any]]:
        for moment in sorted(self._moment() for _ in range(sessions)):
            self._session(moment)
        return [event for event in self.events if event["at"] <= LAST_MOMENT]

    def _moment(self) -> datetime:
        while True:
            day = self.random.randrange(self.shopper.joined_day, DAYS)
            if self.random.random() * max(MONTHS) < MONTHS[day * len(MONTHS) // DAYS]:
                break
        hour = self.random.choices(range(24), weights=HOURS)[0]
        return FIRST_DAY + timedelta(days=day, hours=hour, seconds=self.random.randrange(3600))

    def _add(self, kind: str, at: datetime, row: int | None, **more: Any) -> None:
        event: dict[str, Any] = {"kind": kind, "shopper_id": self.shopper.shopper_id}
        if row is not None:
            event["sku"] = self.assortment.products[row].sku
        self.events.append({**event, "at": at.replace(microsecond=0), **more})

    def _chance(self, log_odds: float) -> bool:
        return self.random.random() < 1.0 / (1.0 + np.exp(-log_odds))

    def _session(self, moment: datetime) -> None:
        """Look at one or two families; what is liked leads to the cart, and some of that is bought."""
        for _ in range(1 if self.random.random() < 0.75 else 2):
            key = self.random.choices(list(self.interests), weights=list(self.interests.values()))[0]
            if self.random.random() < 0.15:
                self._add("search", moment, None, text=self._search_words(key))
                moment += timedelta(seconds=self.random.randrange(3, 20))
            for row in self._shown(key, (moment - FIRST_DAY).days):
                moment += timedelta(seconds=self.random.randrange(4, 70))
                moment = self._look(moment, key, row)
            moment += timedelta(seconds=self.random.randrange(30, 200))

    def _search_words(self, key: str) -> str:
        product = self.assortment.products[self.random.choice(list(self.assortment.rows[key]))]
        words = [product.noun]
        if "colour" in product.facets and self.random.random() < 0.5:
            favourite = max(product.family.colours, key=lambda colour: self.shopper.colours[colour])
            words.insert(0, favourite.lower())
        return " ".join(words)

    def _shown(self, key: str, day: int) -> list[int]:
        """Draw the products of a family that meet the eye: by popularity and taste (Gumbel top-k)."""
        rows = self.assortment.rows[key]
        rows = rows[self.assortment.launch_day[rows] <= day]
        noise = np.array([-np.log(-np.log(max(self.random.random(), 1e-12))) for _ in rows])
        fresh = (day - self.assortment.launch_day[rows] < 30) & (self.assortment.launch_day[rows] > 0)
        pull = 0.8 * self.assortment.popularity[rows] + 1.5 * self.appeal[rows] + 0.8 * fresh + noise
        size = self.random.choice((2, 3, 3, 4, 5))
        return [int(rows[index]) for index in np.argsort(-pull, kind="stable")[:size]]

    def _look(self, moment: datetime, key: str, row: int) -> datetime:
        appeal = float(self.appeal[row]) - self.shopper.pickiness
        self._add("view", moment, row)
        if not self._chance(1.1 * appeal - 0.8):
            if self._chance(-3.4 - 0.6 * appeal):
                self._add("dismiss", moment + timedelta(seconds=2), row)
            return moment
        moment += timedelta(seconds=self.random.randrange(2, 15))
        self._add("click", moment, row)
        moment += timedelta(seconds=self.random.randrange(8, 120))
        if self._chance(1.2 * appeal - 2.9):
            self._add("like", moment, row)
        elif self._chance(-1.2 * appeal - 0.9):
            self._add("dislike", moment, row)
        if row in self.owned or not self._chance(1.2 * appeal - 2.9):
            return moment
        moment += timedelta(seconds=self.random.randrange(5, 60))
        self._add("add_to_cart", moment, row)
        if self._chance(0.3 * appeal - 0.9):
            self._buy(moment + timedelta(seconds=self.random.randrange(30, 400)), key, row)
        return moment

    def _buy(self, moment: datetime, key: str, row: int) -> None:
        self._add("purchase", moment, row)
        self.owned.add(row)
        self.interests[key] *= 0.6
        if self.random.random() < 0.35:
            product = self.assortment.products[row]
            felt = 3.7 + 0.6 * product.quality + 0.35 * float(self.appeal[row]) + self.random.gauss(0, 0.5)
            later = moment + timedelta(days=self.random.randrange(3, 25), seconds=self.random.randrange(80000))
            self._add("rating", later, row, value=float(min(max(round(felt), 1), 5)))
