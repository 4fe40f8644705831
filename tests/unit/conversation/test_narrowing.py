"""Words of the need: a model number narrows, other words come first."""

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.narrowing import narrow


def test_a_model_number_must_be_there(index: CatalogueIndex) -> None:
    rows = index.matching()
    narrowed = narrow("kx-45", index, rows)
    assert {int(row) for row in narrowed.rows} == {int(row) for row in rows if row % 40 == 0}
    assert narrowed.missing == ()


def test_a_model_number_that_nothing_has_narrows_nothing(index: CatalogueIndex) -> None:
    rows = index.matching()
    narrowed = narrow("zz9999", index, rows)
    assert len(narrowed.rows) == len(rows)
    assert narrowed.missing == ("zz9999",)


def test_other_words_come_first_without_hiding_the_rest(index: CatalogueIndex) -> None:
    rows = index.matching()
    narrowed = narrow("laces programming", index, rows)
    assert len(narrowed.rows) == len(rows)
    assert 0 < len(narrowed.first) < len(rows)
    assert all(int(row) % 40 == 0 for row in narrowed.first)
