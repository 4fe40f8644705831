"""The cross-encoder at serving time: reads the need and a product together, within a deadline."""

import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from scipy.special import expit

from shopguide.errors import ModelCorrupt
from shopguide.recommender.crossencoder import Batch, CrossEncoder, Precision, load_cross_encoder, seconds
from shopguide.recommender.features import Floats

CALIBRATION_FILE = "calibration.json"

NEED_TOKENS = 32
PRODUCT_TOKENS = 42
"""Tokens kept of each side; with the three special ones a pair has at most 77. A sentence of four wishes has 25."""
GROUP = 24
"""Pairs scored between two looks at the clock; those of like length are batches."""
BATCH = 12
"""Pairs computed together at most."""
FIRST = 6
"""Pairs that are tried however short the time seems: one slow moment must not switch the reranker off for good."""
USED = 0.9
"""Share of the time left that is planned with: some pairs are longer, and others compute meanwhile."""
FAIR = 20
"""Pairs after which a request gives way to one that waits."""
TOKENS_KEPT = 60_000
"""Products whose tokens are kept."""


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

        return {name: torch.from_numpy(array) for name, array in self.arrays(pairs).items()}

    def arrays(self, pairs: Sequence[tuple[list[int], list[int]]]) -> Batch:
        """Return what `batch` does as arrays."""
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
        return {"input_ids": ids, "token_type_ids": kinds, "attention_mask": mask}


@dataclass(frozen=True)
class Calibration:
    """The log-odds that a product answers a need: `scale` * logit + `shift`."""

    scale: float = 1.0
    shift: float = 0.0

    @classmethod
    def read(cls, folder: Path) -> "Calibration":
        """Return the calibration of a model folder; one that does nothing where there is none.

        Raises:
            ModelCorrupt: the file does not hold two finite numbers.
        """
        file = folder / CALIBRATION_FILE
        if not file.is_file():
            return cls()
        try:
            found = json.loads(file.read_text("utf-8"))
            calibration = cls(float(found["scale"]), float(found["shift"]))
        except (ValueError, TypeError, KeyError) as error:
            raise ModelCorrupt(f"{file}: scale and shift, two numbers, are needed: {error!r}") from error
        if not np.isfinite([calibration.scale, calibration.shift]).all():
            raise ModelCorrupt(f"{file}: scale and shift must be finite")
        return calibration


class Reranker:
    """A fine-tuned cross-encoder.

    Args:
        folder: a transformers model folder with one output; beside it may lie `model.int8.onnx` and `calibration.json`.
        threads: threads of the model; those of torch are a setting of the whole process.
        backend: the precision to serve with; `None` chooses, see `load_cross_encoder`.
    """

    def __init__(self, folder: Path, threads: int = 1, backend: Precision | None = None) -> None:
        self.pairs = PairTokenizer(folder)
        self._folder = folder
        self._threads = threads
        self._wanted = backend
        self._turn = Lock()
        self._waiting = 0
        self._counting = Lock()
        self._seconds_per_pair = 0.0

    @cached_property
    def _model(self) -> CrossEncoder:
        return load_cross_encoder(self._folder, self._threads, self._wanted, self._probe)

    @cached_property
    def _probe(self) -> Batch:
        need = self.pairs.tokens("a need in words", NEED_TOKENS)
        return self.pairs.arrays([(need, self.pairs.product("a product of some forty tokens " * 6))] * BATCH)

    @cached_property
    def _calibration(self) -> Calibration:
        return Calibration.read(self._folder)

    @property
    def precision(self) -> Precision:
        """What it serves with."""
        return self._model.precision

    def load(self) -> None:
        """Load the model now, so that no shopper waits for it, and see how fast it is.

        Raises:
            ModelCorrupt: the calibration or the wanted precision cannot be read.
        """
        self._seconds_per_pair = seconds(self._model, self._probe) / BATCH
        _ = self._calibration

    def probabilities(self, logits: Floats) -> Floats:
        """Return how probable it is that each product answers the need, [n], after the folder's calibration."""
        return np.asarray(expit(self._calibration.scale * logits + self._calibration.shift), dtype=np.float32)

    def _forward(self, pairs: Sequence[tuple[list[int], list[int]]]) -> Floats:
        return self._model.logits(self.pairs.arrays(pairs))

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
        with self._counting:
            self._waiting += 1
        in_time = self._turn.acquire(timeout=-1 if deadline_ms is None else end - start)
        with self._counting:
            self._waiting -= 1
        if not in_time:
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
            if self._waiting and scored >= FAIR and remaining < float("inf"):
                break
            affordable = len(products)
            if self._seconds_per_pair and remaining < float("inf"):
                affordable = int(USED * remaining / self._seconds_per_pair)
            size = min(GROUP, len(products) - scored, max(affordable, 0 if scored else FIRST))
            if remaining <= 0 or size <= 0:
                break
            began = time.perf_counter()
            tokens = [self.pairs.product(text) for text in products[scored : scored + size]]
            by_length = np.argsort([len(product) for product in tokens], kind="stable")
            for batch in np.array_split(by_length, -(-size // BATCH)):
                logits[scored + batch] = self._forward([(need, tokens[i]) for i in batch])
            took = (time.perf_counter() - began) / size
            self._seconds_per_pair = took if not scored else 0.5 * (self._seconds_per_pair + took)
            scored += size
        return logits[:scored]
