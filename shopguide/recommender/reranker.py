"""The cross-encoder at serving time: reads the need and a product together, within a deadline."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from shopguide.recommender.encoder import quiet_transformers
from shopguide.recommender.features import Floats

NEED_TOKENS = 20
PRODUCT_TOKENS = 42
"""Tokens kept of each side; with the three special ones a pair has at most 65."""
GROUP = 12
"""Pairs scored between two looks at the clock; inside a group, the longer and the shorter half are batches."""
TOKENS_KEPT = 60_000
"""Products whose tokens are kept."""
SPREAD = 0.5
"""Logits closer together than this are not blown up into a ranking."""


@dataclass(frozen=True)
class Scored:
    """What the reranker managed in time: logits for the first products asked about, [n_scored]."""

    logits: Floats
    late: bool


class PairTokenizer:
    """Builds `[CLS] need [SEP] product [SEP]`, keeping the products' tokens between requests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: OrderedDict[str, list[int]] = OrderedDict()
        self._lock = Lock()

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._folder, local_files_only=True)

    def tokens(self, text: str, limit: int) -> list[int]:
        """Return a text's first tokens, without special ones."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, truncation=True, max_length=limit)["input_ids"]
        return ids

    def product(self, text: str) -> list[int]:
        """Return a product text's tokens, from the cache if it was seen before."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        ids = self.tokens(text, PRODUCT_TOKENS)
        with self._lock:
            self._kept[text] = ids
            while len(self._kept) > TOKENS_KEPT:
                self._kept.popitem(last=False)
        return ids

    def batch(self, pairs: Sequence[tuple[list[int], list[int]]]) -> dict[str, Any]:
        """Return the padded tensors of (need, product) token pairs."""
        import torch

        cls, sep, pad = (self._tokenizer.cls_token_id, self._tokenizer.sep_token_id, self._tokenizer.pad_token_id)
        longest = max(len(need) + len(product) for need, product in pairs) + 3
        ids = np.full((len(pairs), longest), pad, dtype=np.int64)
        kinds = np.zeros((len(pairs), longest), dtype=np.int64)
        mask = np.zeros((len(pairs), longest), dtype=np.int64)
        for row, (need, product) in enumerate(pairs):
            line = [cls, *need, sep, *product, sep]
            ids[row, : len(line)] = line
            kinds[row, len(need) + 2 : len(line)] = 1
            mask[row, : len(line)] = 1
        arrays = {"input_ids": ids, "token_type_ids": kinds, "attention_mask": mask}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Reranker:
    """A fine-tuned cross-encoder.

    Args:
        folder: a transformers model folder with one output.
        threads: threads of torch; a setting of the whole process.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.pairs = PairTokenizer(folder)
        self._folder = folder
        self._threads = threads
        self._turn = Lock()
        self._seconds_per_pair = 0.0

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModelForSequenceClassification

        quiet_transformers()
        torch.set_num_threads(self._threads)
        return AutoModelForSequenceClassification.from_pretrained(
            self._folder, local_files_only=True, dtype=torch.float32
        ).eval()

    @cached_property
    def precision(self) -> str:
        """`bf16` where the processor has it and it proves faster, else `fp32`; measured once."""
        import torch

        if not torch.cpu._is_avx512_bf16_supported():
            return "fp32"
        texts = ["a product of some forty tokens " * 6] * GROUP
        before = self._seconds(texts)
        self._model.to(torch.bfloat16)
        if self._seconds(texts) < before:
            return "bf16"
        self._model.to(torch.float32)
        return "fp32"

    def _seconds(self, texts: Sequence[str]) -> float:
        pairs = [(self.pairs.tokens("a need in words", NEED_TOKENS), self.pairs.product(text)) for text in texts]
        times = []
        for _ in range(4):
            start = time.perf_counter()
            self._forward(pairs)
            times.append(time.perf_counter() - start)
        return min(times)

    def load(self) -> None:
        """Load the model and choose its precision now, so that no shopper waits for it."""
        if self.precision:
            texts = ["a product of some forty tokens " * 6] * GROUP
            self._seconds_per_pair = self._seconds(texts) / GROUP

    def _forward(self, pairs: Sequence[tuple[list[int], list[int]]]) -> Floats:
        import torch

        with torch.inference_mode():
            logits: Floats = self._model(**self.pairs.batch(pairs)).logits[:, 0].float().numpy()
        return logits

    def score(self, need: str, products: Sequence[str], *, needed: int, deadline_ms: float | None = None) -> Scored:
        """Score products against a need, in the order given, as many as the deadline allows.

        Args:
            need: the need by `texts.need_text`.
            products: product texts by `texts.product_text`, the most promising first.
            needed: below this number of scored products the result is late.
            deadline_ms: time for all of it, waiting for other requests included; `None` for no limit.
        """
        start = time.perf_counter()
        end = start + deadline_ms / 1000 if deadline_ms is not None else float("inf")
        if end <= start or not products:
            return Scored(np.zeros(0, dtype=np.float32), late=bool(products))
        # One request at a time: two at once on the same threads take longer than one after the other.
        if not self._turn.acquire(timeout=-1 if deadline_ms is None else end - start):
            return Scored(np.zeros(0, dtype=np.float32), late=True)
        try:
            logits = self._score_until(end, self.pairs.tokens(need, NEED_TOKENS), products)
        finally:
            self._turn.release()
        return Scored(logits, late=len(logits) < min(needed, len(products)))

    def _score_until(self, end: float, need: list[int], products: Sequence[str]) -> Floats:
        logits = np.zeros(len(products), dtype=np.float32)
        scored = 0
        while scored < len(products):
            remaining = end - time.perf_counter()
            affordable = len(products)
            if self._seconds_per_pair and remaining < float("inf"):
                affordable = int(remaining / self._seconds_per_pair)
            # The first group is at least tried small, or one slow moment would switch the reranker off for good.
            size = min(GROUP, len(products) - scored, max(affordable, 0 if scored else GROUP // 2))
            if remaining <= 0 or size <= 0:
                break
            group = list(range(scored, scored + size))
            tokens = [self.pairs.product(products[i]) for i in group]
            began = time.perf_counter()
            order = sorted(range(size), key=lambda i: len(tokens[i]))
            for half in (order[: size // 2], order[size // 2 :]):
                if half:
                    logits[[group[i] for i in half]] = self._forward([(need, tokens[i]) for i in half])
            seconds = (time.perf_counter() - began) / size
            self._seconds_per_pair = seconds if not scored else 0.5 * (self._seconds_per_pair + seconds)
            scored += size
        return logits[:scored]


def relevance(logits: Floats) -> Floats:
    """Return logits around 0, between -1 and 1, three deviations (at least three times `SPREAD`) being 1."""
    if not len(logits):
        return logits
    return np.asarray(
        np.clip((logits - logits.mean()) / (3 * max(float(logits.std()), SPREAD)), -1.0, 1.0), dtype=np.float32
    )
