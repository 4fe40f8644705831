"""Fine-tuning of the encoder's last layers on the project's own sentences, together with a linear head.

What lies below the tuned layers stays as it is, so its states are computed once and every epoch costs only the layers
above. The head starts from the centroids of the intents (a prototype each, Snell et al. 2017, arXiv:1703.05175) and
works on scaled cosines; the loss is cross-entropy with smoothed labels (Szegedy et al. 2016, arXiv:1512.00567).
TensorFlow, which Rasa brings along, trains; numpy answers.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import tensorflow as tf

from rasa_addons.encoder import Layer, SentenceEncoder

logger = logging.getLogger(__name__)

_BUCKET = 8  # batches whose sentences are sorted by length together: little padding, much chance
_WARM_UP = 0.1  # share of the steps in which the learning rate rises
_LARGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Recipe:
    """How to tune; docs/understanding.md tells how the figures were chosen."""

    layers: int
    epochs: int
    batch_size: int = 64
    learning_rate: float = 2e-4
    head_learning_rate: float = 2e-3
    smoothing: float = 0.1
    scale: float = 20.0
    dropout: float = 0.1
    weight_decay: float = 0.01
    seed: int = 0


@dataclass(frozen=True)
class Examples:
    """What to learn: n variants of sentences; variants of one sentence share a group, and an epoch sees one of them.

    Attributes:
        texts: as typed.
        masked: with catalogue words replaced by their kind.
        marks: [n, marks] of their entities.
        labels: [n], numbers from 0.
        groups: [n], numbers from 0.
    """

    texts: Sequence[str]
    masked: Sequence[str]
    marks: np.ndarray
    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Tuned:
    """Layers for the encoder; of the head weights [classes, 2 * dimension + marks] and bias [classes]."""

    layers: tuple[Layer, ...]
    weights: np.ndarray
    bias: np.ndarray


class _Triangle(tf.keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that rises in a line to its peak and falls in a line to zero."""

    def __init__(self, peak: float, steps: int) -> None:
        self._peak, self._steps = peak, steps
        self._rising = max(1, round(_WARM_UP * steps))

    def __call__(self, step: Any) -> Any:
        now = tf.cast(step, tf.float32)
        falling = (self._steps - now) / max(1, self._steps - self._rising)
        return self._peak * tf.minimum((now + 1.0) / self._rising, falling)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self._peak, "steps": self._steps}


@dataclass(frozen=True)
class _Batch:
    """Sentences as arrays; a sentence that reads the same typed and masked has one row of states for both."""

    states: np.ndarray  # [rows, tokens, dimension], padded
    present: np.ndarray  # [rows, tokens], 1 where there is a token
    text_rows: np.ndarray  # [n], of `states`
    masked_rows: np.ndarray  # [n]
    marks: np.ndarray  # [n, marks]
    labels: np.ndarray  # [n]


class _Network:
    """The tuned layers, the head and their optimizers."""

    def __init__(
        self, encoder: SentenceEncoder, recipe: Recipe, prototypes: np.ndarray, marks: int, steps: int
    ) -> None:
        self._heads, self._epsilon, self._recipe = encoder.heads, encoder.epsilon, recipe
        self._layers = [
            {field.name: tf.Variable(getattr(layer, field.name)) for field in fields(layer)}
            for layer in encoder.last_layers(recipe.layers)
        ]
        self._weights = tf.Variable(prototypes)
        self._mark_weights = tf.Variable(np.zeros((len(prototypes), marks), dtype=np.float32))
        self._bias = tf.Variable(np.zeros(len(prototypes), dtype=np.float32))
        parts = (
            (recipe.learning_rate, [variable for layer in self._layers for variable in layer.values()]),
            (recipe.head_learning_rate, [self._weights, self._mark_weights, self._bias]),
        )
        self._optimizers = []
        for rate, variables in parts:
            optimizer = tf.keras.optimizers.AdamW(_Triangle(rate, steps), weight_decay=recipe.weight_decay)
            optimizer.build(variables)
            self._optimizers.append((optimizer, variables))
        shapes = [[None, None, encoder.dimension], [None, None], [None], [None], [None, marks], [None]]
        types = [tf.float32, tf.float32, tf.int32, tf.int32, tf.float32, tf.int32]
        signature = [tf.TensorSpec(shape, kind) for shape, kind in zip(shapes, types, strict=True)]
        self._compiled = tf.function(self._step, autograph=False, input_signature=signature)

    def learn(self, batch: _Batch) -> float:
        """Take one step and return the loss."""
        return float(self._compiled(*(getattr(batch, field.name) for field in fields(batch))))

    def learnt(self) -> Tuned:
        """Return the parameters as arrays, the head's scale folded in."""
        layers = tuple(Layer(**{name: variable.numpy() for name, variable in layer.items()}) for layer in self._layers)
        weights = np.hstack([self._recipe.scale * self._weights.numpy(), self._mark_weights.numpy()])
        return Tuned(layers, weights, self._bias.numpy())

    def _step(self, *batch: Any) -> Any:
        *seen, labels = batch
        classes = self._weights.shape[0]
        with tf.GradientTape() as tape:
            targets = tf.one_hot(labels, classes) * (1.0 - self._recipe.smoothing) + self._recipe.smoothing / classes
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, self._logits(*seen)))
        every = [variable for _, variables in self._optimizers for variable in variables]
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, every), _LARGEST_GRADIENT)
        for optimizer, variables in self._optimizers:
            optimizer.apply_gradients(zip(gradients[: len(variables)], variables, strict=True))
            gradients = gradients[len(variables) :]
        return loss

    def _logits(self, states: Any, present: Any, *rows_and_marks: Any) -> Any:
        text_rows, masked_rows, marks = rows_and_marks
        masking = (1.0 - present[:, None, None, :]) * -1e9
        for layer in self._layers:
            states = self._through(states, layer, masking)
        vectors = tf.math.l2_normalize(tf.reduce_sum(states * present[:, :, None], axis=1), axis=1)
        both = tf.concat([tf.gather(vectors, text_rows), tf.gather(vectors, masked_rows)], axis=1)
        cosines = tf.matmul(both, self._weights, transpose_b=True)
        return self._recipe.scale * cosines + tf.matmul(marks, self._mark_weights, transpose_b=True) + self._bias

    def _through(self, x: Any, layer: dict[str, Any], masking: Any) -> Any:
        """Return the states after one transformer layer: the numpy encoder's, batched, with dropout."""
        rows, tokens, dimension = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
        size = dimension // self._heads
        qkv = tf.reshape(tf.matmul(x, layer["qkv"]) + layer["qkv_bias"], (rows, tokens, 3, self._heads, size))
        query, key, value = tf.unstack(tf.transpose(qkv, (2, 0, 3, 1, 4)), num=3)
        attention = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / size**0.5 + masking)
        seen = tf.transpose(tf.matmul(self._drop(attention), value), (0, 2, 1, 3))
        seen = tf.matmul(tf.reshape(seen, (rows, tokens, dimension)), layer["out"]) + layer["out_bias"]
        x = self._norm(x + self._drop(seen), layer["norm_1_scale"], layer["norm_1_shift"])
        inner = tf.nn.gelu(tf.matmul(x, layer["up"]) + layer["up_bias"])
        inner = tf.matmul(inner, layer["down"]) + layer["down_bias"]
        return self._norm(x + self._drop(inner), layer["norm_2_scale"], layer["norm_2_shift"])

    def _drop(self, x: Any) -> Any:
        return tf.nn.dropout(x, self._recipe.dropout)

    def _norm(self, x: Any, scale: Any, shift: Any) -> Any:
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + self._epsilon) * scale + shift


def _prototypes(readings: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Return [classes, readings * dimension]: the direction of an intent's mean in each reading, in equal shares."""
    shares = []
    for vectors in readings:
        means = np.stack([vectors[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
        shares.append(means / np.linalg.norm(means, axis=1, keepdims=True) / len(readings))
    return np.hstack(shares).astype(np.float32)


def _batch(examples: Examples, readings: Sequence[Sequence[np.ndarray]], rows: np.ndarray) -> _Batch:
    text_states, masked_states = readings
    apart = np.array([examples.texts[row] != examples.masked[row] for row in rows])
    text_rows = np.arange(len(rows), dtype=np.int32)
    masked_rows = np.where(apart, len(rows) + np.cumsum(apart) - 1, text_rows).astype(np.int32)
    states = [*(text_states[row] for row in rows), *(masked_states[row] for row in rows[apart])]
    padded = np.zeros((len(states), max(map(len, states)), states[0].shape[1]), dtype=np.float32)
    present = np.zeros(padded.shape[:2], dtype=np.float32)
    for row, one in enumerate(states):
        padded[row, : len(one)] = one
        present[row, : len(one)] = 1.0
    return _Batch(padded, present, text_rows, masked_rows, examples.marks[rows], examples.labels[rows])


def _epoch(
    variants: Sequence[np.ndarray], lengths: np.ndarray, batch_size: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield batches of rows: one variant of every group, in chance order, neighbours alike in length."""
    chosen = np.array([random.choice(rows) for rows in variants])[random.permutation(len(variants))]
    wide = batch_size * _BUCKET
    buckets = [chosen[start : start + wide] for start in range(0, len(chosen), wide)]
    ordered = [bucket[np.argsort(lengths[bucket], kind="stable")] for bucket in buckets]
    batches = [bucket[start : start + batch_size] for bucket in ordered for start in range(0, len(bucket), batch_size)]
    for index in random.permutation(len(batches)):
        yield batches[index]


def tune(encoder: SentenceEncoder, examples: Examples, recipe: Recipe) -> Tuned:
    """Return the last layers and the head that tell the examples' labels apart.

    The same seed, data and machine give the same result up to the order in which threads add.
    """
    tf.random.set_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    sentences = list(dict.fromkeys([*examples.texts, *examples.masked]))
    states = dict(zip(sentences, encoder.states_below(recipe.layers, sentences), strict=True))
    readings = [[states[text] for text in texts] for texts in (examples.texts, examples.masked)]
    prototypes = _prototypes([encoder.finish(recipe.layers, reading) for reading in readings], examples.labels)
    order = np.argsort(examples.groups, kind="stable")
    variants = np.split(order, np.flatnonzero(np.diff(examples.groups[order])) + 1)
    steps = recipe.epochs * -(-len(variants) // recipe.batch_size)
    network = _Network(encoder, recipe, prototypes, examples.marks.shape[1], steps)
    lengths = np.array([len(states) for states in readings[0]])
    for epoch in range(recipe.epochs):
        losses = [
            network.learn(_batch(examples, readings, rows))
            for rows in _epoch(variants, lengths, recipe.batch_size, random)
        ]
        logger.info("Intents: epoch %d of %d, loss %.3f", epoch + 1, recipe.epochs, float(np.mean(losses)))
    return network.learnt()
