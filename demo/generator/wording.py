"""Titles, descriptions and reviews, the way shops and shoppers write."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from generator.source import Family

if TYPE_CHECKING:
    from generator.products import Named

AUDIENCES = {"Women": "women's", "Men": "men's", "Girls": "girls'", "Boys": "boys'", "Unisex": "unisex"}
MATERIAL_LINES = (
    "Material: {material}.",
    "Made of {material}.",
    "The {noun} is made of {material}.",
    "We chose {material} for it.",
)
OCCASION_LINES = {
    "Sports": ("For training and sports of every kind.", "At home in the gym and on the track."),
    "Casual": ("For every day.", "For weekends and weekdays alike."),
    "Travel": ("A good companion when travelling.", "Made with travelling in mind."),
    "Formal": ("Right for the office and for formal dinners.", "Goes well with a suit."),
    "Party": ("For parties and long evenings.", "Made for evenings out."),
    "Wedding": ("A safe choice for weddings.",),
    "Outdoor": ("For days out of doors.", "Wind, rain and mud are what it was made for."),
    "Office": ("For the office and for working at home.", "Made for long working days."),
    "Gaming": ("For gaming nights.", "Built for players."),
    "Study": ("For school, university and everything due tomorrow.", "A good choice for students."),
    "Camping": ("For camp sites, with or without a car.", "For weekends at the lake and longer trips."),
    "Hiking": ("For hikes from hut to hut.", "For day hikes and long trails."),
}
FLAG_LINES = {
    "waterproof": "Waterproof.",
    "wireless": "Works without a cable.",
    "dimmable": "Can be dimmed.",
    "induction": "Works on induction hobs.",
    "vegan": "Vegan.",
    "dishwasher_safe": "Dishwasher-safe.",
    "noise_cancelling": "Active noise cancelling keeps the world out.",
}
CLOSERS = (
    "",
    "",
    "",
    "Two years of warranty.",
    "New in our range.",
    "A favourite of our team.",
    "Ships in a recycled box.",
)
REVIEW_OPENERS = ("", "", "", "Bought it for my sister. ", "Second one already. ", "Came quickly. ", "Was a gift. ")
MIXED = ("On the other hand: ", "Only drawback: ", "But: ", "Minus: ")
FIRST_NAMES = (
    "Mara",
    "Jonas",
    "Elif",
    "Tom",
    "Sofie",
    "Lars",
    "Anouk",
    "Pavel",
    "Ines",
    "Marek",
    "Lotte",
    "Ravi",
    "Chloe",
    "Nils",
    "Aylin",
    "Peter",
    "Yuki",
    "Hanna",
    "Omar",
    "Greta",
)
PLURALS = (
    "shoes",
    "sneakers",
    "slip-ons",
    "loafers",
    "boots",
    "sandals",
    "jeans",
    "headphones",
    "earbuds",
    "earphones",
)


def title(pattern: str, named: "Named", colour: str, facets: dict[str, Any]) -> str:
    """Write a product's title."""
    numbers = {name: f"{value:g}" for name, value in facets.items() if isinstance(value, int | float)}
    audience = AUDIENCES.get(facets.get("audience", [""])[0], "")
    text = pattern.format(**vars(named), colour=colour.lower(), audiences=audience, **numbers)
    text = text.replace("for 1 people", "for 1 person")
    return text[0].upper() + text[1:]


def description(random: Random, family: Family, named: "Named", facets: dict[str, Any]) -> str:
    """Write a model's description: an opener, its features, then material, occasion and flags."""
    sentences = [random.choice(family.openers).format(**vars(named))]
    body = [family.features[feature] for feature in facets["feature"]]
    if "material" in facets:
        line = random.choice(MATERIAL_LINES)
        if named.noun.endswith(PLURALS):
            line = line.replace(" is ", " are ").replace("for it", "for them")
        body.append(line.format(material=" and ".join(facets["material"]), noun=named.noun))
    if random.random() < 0.7:
        body += [random.choice(OCCASION_LINES[occasion]) for occasion in facets.get("occasion", ())[:1]]
    body += [line for flag, line in FLAG_LINES.items() if facets.get(flag) and random.random() < 0.75]
    random.shuffle(body)
    sentences += body
    sentences.append(random.choice(CLOSERS))
    return " ".join(sentence for sentence in sentences if sentence)


def review(
    random: Random, lines: dict[str, dict[str, list[str]]], aspects: dict[str, float], names: Sequence[str]
) -> tuple[int, str]:
    """Write one review about one to three of a product's qualities.

    Returns:
        The stars, which follow from the same qualities as the text, and the text.
    """
    chosen = random.sample(list(names), k=min(random.choice((1, 2, 2, 3)), len(names)))
    felt = {aspect: aspects[aspect] + random.gauss(0, 0.6) for aspect in chosen}
    praise = [random.choice(lines[aspect]["good"]) for aspect in chosen if felt[aspect] > -0.5]
    blame = [random.choice(lines[aspect]["bad"]) for aspect in chosen if felt[aspect] <= -0.5]
    mean = sum(felt.values()) / len(felt)
    stars = min(max(round(3.9 + 0.9 * mean), 1), 5)
    if not praise:
        stars = min(stars, 3)
    if not blame:
        stars = max(stars, 3)
    text = " ".join(praise or blame)
    if praise and blame:
        turn = random.choice(MIXED) + _lower_first(blame[0])
        text = " ".join([text, turn, *blame[1:]])
    return stars, random.choice(REVIEW_OPENERS) + text


def _lower_first(sentence: str) -> str:
    return sentence if sentence.startswith("I ") else sentence[0].lower() + sentence[1:]
