import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.catalogue.unstuffed import unstuffed
from shopguide.ids import Sku
from shopguide.recommender.texts import product_text

PLAIN = "A warm jacket for wet days. Two pockets!"


@pytest.mark.parametrize(
    "stuffing",
    [
        "red lamp, red lamp, red lamp.",
        "laptop laptop laptop laptop",
        "Acme, like Acme, as good as Acme.",
        "HP, like HP, as good as HP.",
        "黑色 black 黑色 BLACK 黑色 Bláck",
    ],
)
def test_sentences_of_the_same_words_again_and_again_are_passed_over(stuffing: str) -> None:
    assert unstuffed(f"{PLAIN}\n{stuffing}") == PLAIN
    assert unstuffed(f"{stuffing} {PLAIN}" if stuffing.endswith(".") else f"{stuffing} | {PLAIN}") == PLAIN


@pytest.mark.parametrize(
    "honest",
    [
        "",
        "Red.",
        PLAIN,
        "Fits the HP LaserJet 1100, LaserJet 1200, LaserJet 3100 and LaserJet 3200.",
        "A jacket. The jacket keeps you dry. Wash the jacket at 30 degrees.",
        "Outside 10 cm x 10 cm x 10 cm, inside 9 cm x 9 cm x 9 cm",
        "Red, blue and green; soft, light and warm",
    ],
)
def test_what_people_write_for_people_stays(honest: str) -> None:
    assert unstuffed(honest) == honest


def test_neither_search_nor_models_read_what_was_stuffed() -> None:
    stuffed = Product(Sku("a"), "Wool hat", description=f"kettle, kettle, kettle. {PLAIN}")
    index = CatalogueIndex([stuffed, Product(Sku("b"), "Steel kettle")])
    assert [index.skus[row] for row in index.search("kettle")[0]] == ["b"]
    assert [index.skus[row] for row in index.search("warm jacket")[0]] == ["a"]
    assert "kettle" not in product_text(stuffed) and "warm jacket" in product_text(stuffed)
    assert index.product(Sku("a")).description.startswith("kettle")
