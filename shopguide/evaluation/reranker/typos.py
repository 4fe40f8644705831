"""Needs as hurried fingers type them."""

from shopguide.evaluation.noise import noisy
from shopguide.evaluation.utterances import Utterance


def mistyped(text: str, seed: int = 0) -> str:
    """Return a need with a slip in about every seventh word, in one at least; the same for the same seed."""
    said = Utterance(id="need", text=text, intent="search_products", entities=(), catalogue="G")
    return noisy(said, "typos", seed).text
