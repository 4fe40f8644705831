"""Which words of need and product carried a cross-encoder's score: integrated gradients, joined to words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from shopguide.recommender.encoder import quiet_transformers
from shopguide.recommender.features import Floats
from shopguide.recommender.reranker import NEED_TOKENS, PRODUCT_TOKENS, PairTokenizer

STEPS = 24
"""Points between nothing and the text at which gradients are taken."""

Side: TypeAlias = Literal["need", "product"]
SIDES: tuple[Side, ...] = ("need", "product")


@dataclass(frozen=True)
class Word:
    """A word that was read.

    Args:
        side: whose it is.
        text: as it stands there.
        share: by how much it moved the logit; below 0: against the product.
    """

    side: Side
    text: str
    share: float


@dataclass(frozen=True)
class Attribution:
    """A score taken apart.

    Args:
        logit: the score.
        words: all words that were read, the need's before the product's; their shares add up to what all did for the
            logit, as far as the steps are fine enough.
    """

    logit: float
    words: tuple[Word, ...]

    def of(self, side: Side) -> tuple[Word, ...]:
        """Return the words of one side."""
        return tuple(word for word in self.words if word.side == side)

    def top(self, n: int) -> list[int]:
        """Return the positions of the `n` words that spoke most for the product; a sign alone is no word."""
        able = [place for place, word in enumerate(self.words) if any(map(str.isalnum, word.text))]
        return sorted(able, key=lambda place: -self.words[place].share)[:n]

    def texts_without(self, places: Collection[int]) -> tuple[str, str]:
        """Return need and product as they were read, without the words at some positions."""
        left = [word for place, word in enumerate(self.words) if place not in places]
        need, product = (" ".join(word.text for word in left if word.side == side) for side in SIDES)
        return need, product


class Explainer:
    """Takes the scores of a cross-encoder apart.

    M. Sundararajan, A. Taly and Q. Yan, "Axiomatic Attribution for Deep Networks" (2017): gradients are averaged on the
    way from a text of nothing but padding to the text itself, and multiplied by that way.

    Args:
        folder: a transformers model folder with one output.
        threads: threads of torch; a setting of the whole process.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._folder = folder
        self._threads = threads
        self._pairs = PairTokenizer(folder)

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModelForSequenceClassification

        quiet_transformers()
        torch.set_num_threads(self._threads)
        model: Any = AutoModelForSequenceClassification.from_pretrained(
            self._folder, local_files_only=True, dtype=torch.float32
        )
        return model.eval().requires_grad_(False)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._folder, local_files_only=True)

    def explain(self, need: str, product: str) -> Attribution:
        """Return what each word did for the score of a pair.

        Args:
            need: by `texts.need_text`.
            product: by `texts.product_text`.
        """
        sides = (self._read(need, NEED_TOKENS), self._read(product, PRODUCT_TOKENS))
        logit, shares = self._shares(sides[0].ids, sides[1].ids)
        # [CLS] need [SEP] product [SEP]
        starts = (1, len(sides[0].ids) + 2)
        words = [
            Word(side, text, float(sum(shares[start + piece] for piece in pieces)))
            for side, read, start in zip(SIDES, sides, starts, strict=True)
            for text, pieces in read.words
        ]
        return Attribution(logit, tuple(words))

    def _read(self, text: str, limit: int) -> "_Read":
        found = self._tokenizer(
            text, add_special_tokens=False, truncation=True, max_length=limit, return_offsets_mapping=True
        )
        return _Read(text, found["input_ids"], found["offset_mapping"])

    def _shares(self, need: list[int], product: list[int]) -> tuple[float, Floats]:
        """Return the logit and what each token did for it, [n_tokens]."""
        import torch

        tokens = self._pairs.batch([(need, product)])
        ids = tokens.pop("input_ids")
        embed = self._model.get_input_embeddings()
        special = torch.isin(ids, torch.tensor(self._tokenizer.all_special_ids)).unsqueeze(-1)
        text = embed(ids)
        nothing = torch.where(special, text, embed(torch.full_like(ids, self._tokenizer.pad_token_id)))
        # The middles of equal steps: the midpoint rule converges faster than the ends.
        along = (torch.arange(STEPS, dtype=text.dtype) + 0.5) / STEPS
        points = (nothing + along[:, None, None] * (text - nothing)).requires_grad_()
        again = {name: tensor.expand(STEPS, -1) for name, tensor in tokens.items()}
        self._model(inputs_embeds=points, **again).logits[:, 0].sum().backward()
        with torch.inference_mode():
            logit = float(self._model(input_ids=ids, **tokens).logits[0, 0])
        shares = (points.grad.mean(dim=0) * (text - nothing)[0]).sum(dim=-1)
        return logit, np.asarray(shares.numpy(), dtype=np.float32)


@dataclass(frozen=True)
class _Read:
    """A text as far as it was read: its tokens, and where each stands in it."""

    text: str
    ids: list[int]
    spans: Sequence[tuple[int, int]]

    @property
    def words(self) -> list[tuple[str, list[int]]]:
        """The words between white space, each with the positions of its tokens; the last one may be cut."""
        found: list[tuple[int, int, list[int]]] = []
        for position, (start, end) in enumerate(self.spans):
            if found and not any(map(str.isspace, self.text[found[-1][1] : start])):
                found[-1] = (found[-1][0], end, [*found[-1][2], position])
            else:
                found.append((start, end, [position]))
        return [(self.text[start:end], pieces) for start, end, pieces in found]
