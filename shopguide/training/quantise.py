"""Exports a trained cross-encoder to ONNX, quantises it to int8 and holds it against what it was made from."""

import logging
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from shopguide.recommender.crossencoder import INT8_FILE, CrossEncoder, OnnxCrossEncoder, TorchCrossEncoder
from shopguide.recommender.features import Floats
from shopguide.recommender.reranker import NEED_TOKENS, PairTokenizer

log = logging.getLogger(__name__)

LEAST_CORRELATION = 0.95
"""Below it the quantised model is another model and is not kept."""
LEAST_PRODUCTS = 5
"""Products of a need among the pairs whose order tells something."""
BATCH = 32


@dataclass(frozen=True)
class Quantised:
    """How near the int8 model comes to the fp32 one.

    Args:
        spearman: rank correlation of their logits over all pairs; 0 where either gives the same for all of them.
        within_need: the mean of the same over needs with `LEAST_PRODUCTS` and more; `None` where there are none.
        largest_difference: of two logits of a pair.
        bytes: size of the file.
        kept: whether the file stays.
    """

    spearman: float
    within_need: float | None
    largest_difference: float
    bytes: int
    kept: bool

    def as_json(self) -> dict[str, Any]:
        """Return it for a manifest."""
        return asdict(self)


def export_quantised(folder: Path, pairs: Sequence[tuple[str, str]]) -> Quantised:
    """Write `model.int8.onnx` beside a trained model, if it ranks as the model does.

    Args:
        folder: a transformers model folder with one output.
        pairs: needs and product texts to compare the two on, as they are served; some hundred.

    Raises:
        ValueError: fewer than two pairs.
    """
    if len(pairs) < 2:
        raise ValueError("the quantised model is compared on two (need, product) pairs at least")
    plain = TorchCrossEncoder(folder)
    file = folder / INT8_FILE
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        draft = Path(beside) / INT8_FILE
        write_int8(plain, draft)
        expected, found = (_logits(model, folder, pairs) for model in (plain, OnnxCrossEncoder(draft)))
        result = _compared([need for need, _ in pairs], expected, found, draft.stat().st_size)
        if result.kept:
            draft.replace(file)
        else:
            file.unlink(missing_ok=True)
            log.warning("%s is not kept: rank correlation %.3f with fp32", file, result.spearman)
    return result


def write_int8(model: TorchCrossEncoder, file: Path) -> None:
    """Write a model to ONNX with int8 weights, whatever comes of it."""
    with _quiet():
        _quantise(_exported(model.model), file)


def _exported(model: Any) -> Any:
    """Return the model as an ONNX graph for any number of pairs of any length."""
    import torch

    ids = torch.zeros((2, 8), dtype=torch.int64)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    longest = model.config.max_position_embeddings
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=longest)}
    # The older exporter (dynamo=False) gives logits that are off by 0.02.
    program = torch.onnx.export(
        model,
        (),
        kwargs=inputs,
        dynamo=True,
        dynamic_shapes=dict.fromkeys(inputs, axes),
        output_names=["logits"],
        verbose=False,
    )
    assert program is not None  # noqa: S101  (only the older exporter returns nothing)
    return program.model_proto


def _quantise(graph: Any, file: Path) -> None:
    """Write the graph with int8 weights, a scale for each channel."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The exporter's notes on shapes contradict what the quantiser infers, which then stops.
    del graph.graph.value_info[:]
    # Seven bits, or sums of two products saturate on processors with AVX2 alone, and the order is another.
    quantize_dynamic(graph, file, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)


def _logits(model: CrossEncoder, folder: Path, pairs: Sequence[tuple[str, str]]) -> Floats:
    tokenizer = PairTokenizer(folder)
    tokens = [(tokenizer.tokens(need, NEED_TOKENS), tokenizer.product(product)) for need, product in pairs]
    batches = (tokenizer.arrays(tokens[start : start + BATCH]) for start in range(0, len(tokens), BATCH))
    return np.concatenate([model.logits(batch) for batch in batches])


def _compared(needs: Sequence[str], expected: Floats, found: Floats, size: int) -> Quantised:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, need in enumerate(needs):
        rows[need].append(row)
    own = [_correlation(expected[of], found[of]) for of in rows.values() if len(of) >= LEAST_PRODUCTS]
    correlation = _correlation(expected, found)
    return Quantised(
        spearman=round(correlation, 4),
        within_need=round(float(np.mean(own)), 4) if own else None,
        largest_difference=round(float(np.abs(expected - found).max()), 4),
        bytes=size,
        kept=correlation >= LEAST_CORRELATION,
    )


def _correlation(expected: Floats, found: Floats) -> float:
    varied = float(np.ptp(expected)) > 0 and float(np.ptp(found)) > 0
    return float(spearmanr(expected, found).statistic) if varied else 0.0


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter and the quantiser from telling what is of no use to a shop."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
