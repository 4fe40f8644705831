import threading
import time
from pathlib import Path

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.product import Product
from shopguide.errors import ModelCorrupt
from shopguide.ids import Sku
from shopguide.recommender.reranker import FAIR, GROUP, PRODUCT_TOKENS, Reranker, Scored
from shopguide.recommender.texts import need_text, product_text
from tests.unit.recommender.tiny import save_tiny_reranker

NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight")
TEXTS = [f"product {name} " * (1 + i % 5) for i, name in enumerate(NAMES)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_reranker(tmp_path_factory.mktemp("reranker"))


@pytest.fixture
def reranker(folder: Path) -> Reranker:
    return Reranker(folder)


class SlowReranker(Reranker):
    """Takes a fixed time for every batch."""

    def __init__(self, folder: Path, seconds: float) -> None:
        super().__init__(folder)
        self.seconds = seconds
        self.batches: list[int] = []

    def _forward(self, pairs):
        time.sleep(self.seconds)
        self.batches.append(len(pairs))
        return np.array([float(len(product)) for _, product in pairs], dtype=np.float32)


def test_a_pair_scores_the_same_alone_and_among_others(reranker: Reranker) -> None:
    together = reranker.score("a need", TEXTS, needed=1).logits
    alone = [reranker.score("a need", [text], needed=1).logits[0] for text in TEXTS]
    assert together.tolist() == pytest.approx(alone, abs=1e-4)
    assert len(set(np.round(together, 4))) > 4


def test_the_need_matters(reranker: Reranker) -> None:
    first, second = (reranker.score(need, TEXTS, needed=1).logits for need in ("a need", "quite another wish"))
    assert not np.allclose(first, second)


def test_pairs_are_laid_out_as_bert_reads_them(reranker: Reranker) -> None:
    need, product = reranker.pairs.tokens("blue shirt", 20), reranker.pairs.product("a very long text " * 50)
    assert len(product) == PRODUCT_TOKENS
    batch = reranker.pairs.batch([(need, product), (need, product[:3])])
    ids, kinds, mask = (batch[name].numpy() for name in ("input_ids", "token_type_ids", "attention_mask"))
    assert ids[0, 0] == 101 and ids[0, len(need) + 1] == 102 and ids[0, -1] == 102
    assert kinds[0, : len(need) + 2].sum() == 0 and kinds[0, len(need) + 2 :].all()
    assert mask[0].all() and mask[1].sum() == len(need) + 3 + 3


def test_without_time_it_is_late_and_scores_nothing(reranker: Reranker) -> None:
    scored = reranker.score("a need", TEXTS, needed=3, deadline_ms=0)
    assert scored.late and not len(scored.logits)


def test_fewer_pairs_are_scored_when_time_is_short(folder: Path) -> None:
    reranker = SlowReranker(folder, 0.03)
    reranker.pairs.product("warm")
    scored = reranker.score("a need", TEXTS * 10, needed=3, deadline_ms=150)
    assert 3 <= len(scored.logits) < 80 and not scored.late
    assert sum(reranker.batches) == len(scored.logits)


def test_too_few_scored_in_time_is_late(folder: Path) -> None:
    reranker = SlowReranker(folder, 0.06)
    reranker.pairs.product("warm")
    assert reranker.score("a need", TEXTS * 10, needed=2 * GROUP, deadline_ms=50).late


def test_a_slow_moment_does_not_switch_it_off_for_good(folder: Path) -> None:
    reranker = SlowReranker(folder, 0.2)
    reranker.pairs.product("warm")
    reranker.score("a need", TEXTS, needed=3, deadline_ms=50)
    reranker.seconds = 0.0
    reranker.score("a need", TEXTS, needed=3, deadline_ms=50)
    assert len(reranker.score("a need", TEXTS, needed=3, deadline_ms=50).logits) == len(TEXTS)


def test_waiting_for_another_request_counts_as_time(folder: Path) -> None:
    reranker = SlowReranker(folder, 0.2)
    reranker.pairs.product("warm")
    other = threading.Thread(target=reranker.score, args=("x", TEXTS), kwargs={"needed": 1})
    other.start()
    time.sleep(0.05)
    assert reranker.score("a need", TEXTS, needed=3, deadline_ms=20).late
    other.join()


def test_product_tokens_are_made_once(reranker: Reranker) -> None:
    assert reranker.pairs.product("some text") is reranker.pairs.product("some text")


def test_precision_is_one_that_this_processor_can_do(reranker: Reranker) -> None:
    reranker.load()
    assert reranker.precision in ("bf16", "fp32")
    assert len(reranker.score("a need", TEXTS, needed=1, deadline_ms=5000).logits) == len(TEXTS)


def test_a_request_gives_way_to_one_that_waits_once_it_has_read_enough(folder: Path) -> None:
    reranker = SlowReranker(folder, 0.05)
    reranker.pairs.product("warm")
    found: list[Scored] = []
    first = threading.Thread(
        target=lambda: found.append(reranker.score("x", TEXTS * 20, needed=3, deadline_ms=2000)), daemon=True
    )
    first.start()
    time.sleep(0.02)
    second = reranker.score("a need", TEXTS, needed=3, deadline_ms=1000)
    first.join()
    assert not second.late and len(second.logits) == len(TEXTS)
    assert FAIR <= len(found[0].logits) < 160 and not found[0].late


def test_calibration_turns_logits_into_probabilities(folder: Path, tmp_path: Path) -> None:
    logits = np.array([-1000.0, 0.0, 2.0], dtype=np.float32)
    assert Reranker(folder).probabilities(logits).tolist() == pytest.approx([0.0, 0.5, 0.8808], abs=1e-4)
    (tmp_path / "calibration.json").write_text('{"scale": 2, "shift": -1}', "utf-8")
    assert Reranker(tmp_path).probabilities(logits).tolist() == pytest.approx([0.0, 0.2689, 0.9526], abs=1e-4)


@pytest.mark.parametrize("text", ["no json", "{}", "[]", '{"scale": "x", "shift": 0}', '{"scale": NaN, "shift": 0}'])
def test_a_broken_calibration_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "calibration.json").write_text(text, "utf-8")
    with pytest.raises(ModelCorrupt, match=r"calibration\.json"):
        Reranker(tmp_path).probabilities(np.zeros(1, dtype=np.float32))


def test_the_product_text_puts_first_what_tells_products_apart() -> None:
    product = Product(
        Sku("x"),
        "Kestrel Pulse gym shoes",
        description="Very light. " * 40,
        brand="Kestrel",
        category=("Fashion", "Shoes", "Sports Shoes"),
        facets={"colour": ("Orange",), "screen_size": 24.0, "waterproof": True, "wired": False},
        units={"screen_size": "in"},
    )
    text = product_text(product)
    assert text.startswith("Kestrel Pulse gym shoes | Shoes Sports Shoes | Orange | Very light. ")
    assert text.endswith(" | screen size 24 in waterproof") and len(text) < 300


def test_the_need_names_wanted_values_once_and_no_bounds_or_exclusions() -> None:
    constraints = (
        Constraint("colour", "in", ("blue",)),
        Constraint("category", "in", ("shoes",)),
        Constraint("price", "<=", value=80.0),
        Constraint("brand", "not in", ("sony",)),
    )
    assert need_text("blue copycentre c65", constraints) == "blue copycentre c65 shoes"
    assert need_text("", ()) == ""


def test_texts_of_any_length_and_script_have_a_score(reranker: Reranker) -> None:
    texts = ["", " ", "\u0000", "登山鞋 防水 男士", "حقيبة جلد", "😀" * 50, "word " * 20_000, "x" * 20_000]
    for need in ("登山鞋", "a lamp " * 500, "?!"):
        logits = reranker.score(need, texts, needed=len(texts)).logits
        assert len(logits) == len(texts) and np.isfinite(logits).all()
