"""Which words carried a score: on a model that was taught that one word alone decides."""

import random
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from shopguide.cli.terminal.words import words_svg
from shopguide.evaluation.reranker.deletion import deletion_drops, deletion_test
from shopguide.recommender.attribution import Attribution, Explainer, Word
from shopguide.recommender.reranker import NEED_TOKENS, PairTokenizer, Reranker
from tests.unit.recommender.tiny import save_tiny_reranker

FILLERS = ("shoe", "lamp", "shirt", "table", "chair", "big", "small", "round", "wool", "steel", "garden", "kitchen")
NEED = "something for the house"


def text_of(source: random.Random, red: bool) -> str:
    words = source.choices(FILLERS, k=8)
    if red:
        words[source.randrange(8)] = "red"
    return " ".join(words)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny cross-encoder that answers 1 to products that are red, whatever is asked."""
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = save_tiny_reranker(tmp_path_factory.mktemp("taught"), seed=3)
    model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True)
    pairs, source = PairTokenizer(folder), random.Random(0)
    need = pairs.tokens(NEED, NEED_TOKENS)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(120):
        red = [source.random() < 0.5 for _ in range(32)]
        logits = model(**pairs.batch([(need, pairs.product(text_of(source, one))) for one in red])).logits[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(red, dtype=torch.float32))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1, "the model did not learn: nothing can be told of attributions"
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def explained(taught: Path) -> list[Attribution]:
    source = random.Random(1)
    explainer = Explainer(taught)
    return [explainer.explain(NEED, text_of(source, red=True)) for _ in range(20)]


def test_the_word_that_decides_is_found(explained: list[Attribution]) -> None:
    found = sum(one.words[one.top(1)[0]].text == "red" for one in explained)
    assert found >= 18


def test_deleting_the_top_words_costs_more_than_deleting_random_ones(taught: Path, explained) -> None:
    reranker = Reranker(taught, backend="fp32")

    def score(need: str, product: str) -> float:
        return float(reranker.score(need, [product], needed=1).logits[0])

    found = deletion_test(explained, score)
    assert found["pairs"] == 20 and found["share"] >= 0.9
    assert found["drop_top"] > 2 * found["drop_random"] and found["ci"][0] > 0


def test_the_deletion_test_fails_for_attributions_that_are_wrong(explained) -> None:
    # What spoke most against the product is named first.
    wrong = [Attribution(one.logit, tuple(Word(w.side, w.text, -w.share) for w in one.words)) for one in explained]
    top, lots = deletion_drops(wrong, lambda _need, product: float("red" in product))
    assert (top - lots).mean() < 0


def test_shares_add_up_to_what_the_words_did(taught: Path, explained) -> None:
    # Without any word: the same pair with every token of the texts padded away.
    import torch

    explainer, pairs = Explainer(taught), PairTokenizer(taught)
    one = explained[0]
    need, product = one.texts_without(())
    tokens = pairs.batch([(pairs.tokens(need, 99), pairs.tokens(product, 99))])
    ids = tokens["input_ids"]
    special = torch.tensor(explainer._tokenizer.all_special_ids)
    tokens["input_ids"] = torch.where(torch.isin(ids, special), ids, explainer._tokenizer.pad_token_id)
    nothing = float(explainer._model(**tokens).logits[0, 0])
    specials = abs(one.logit - nothing - sum(word.share for word in one.words))
    assert specials < 0.15 * abs(one.logit - nothing)


def test_words_are_whole_and_cut_as_the_model_cuts_them(taught: Path) -> None:
    found = Explainer(taught).explain("unbelievably wireless headphones", "Blåbärssylt | jam " + "very " * 100)
    assert [word.text for word in found.of("need")] == ["unbelievably", "wireless", "headphones"]
    product = [word.text for word in found.of("product")]
    assert product[:3] == ["Blåbärssylt", "|", "jam"] and len(product) < 45
    places = [place for place, word in enumerate(found.words) if word.text in ("|", "jam")]
    assert found.texts_without(places)[1].startswith("Blåbärssylt very very")
    assert np.isfinite([word.share for word in found.words]).all()


def test_an_empty_need_is_explained_too(taught: Path) -> None:
    assert Explainer(taught).explain("", "a lamp").of("need") == ()


def test_the_picture_is_xml_and_tells_each_share() -> None:
    found = Attribution(1.5, (Word("need", "<cheap>", 0.5), Word("product", "lamp", -0.25)))
    picture = ElementTree.fromstring(words_svg([("A & B", found)]))
    titles = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["<cheap>: +0.500", "lamp: -0.250"]
