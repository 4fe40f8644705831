"""The torch side of `shopguide.training.sequences`: the network, its loss, and the training.

Imports torch when it is imported: import it inside functions.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from shopguide.recommender.candidates.encoders import build
from shopguide.recommender.candidates.sequence import Kind
from shopguide.recommender.features import Floats
from shopguide.training.clock import Clock
from shopguide.training.metrics import CUTOFF
from shopguide.training.sequences import CurveWriter, History, SequenceParameters

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_NORM = 5.0
"""The encoder's gradients are cut off at this length."""
EVALUATED_AT_ONCE = 256


class NextProduct(nn.Module):
    """An encoder with the vectors of the products, which are the same for what was chosen and for what may come next.

    Args:
        n_items: products.
        kind: the encoder's.
        sizes: all of its constructor's arguments.
        features: which product has which feature, CSR [n_items, n_features]; `None`: their own vectors are all.
        scale: standard deviation of the vectors at the beginning.
    """

    def __init__(
        self, n_items: int, kind: Kind, sizes: dict[str, Any], features: "csr_matrix | None", scale: float
    ) -> None:
        super().__init__()
        self.kind = kind
        self.identity = nn.Parameter(scale * torch.randn(n_items, sizes["d"]))
        self.encoder = build(kind, sizes)
        self.feature: nn.Parameter | None = None
        if features is not None:
            # Zeros: a feature says nothing until something was learnt about it.
            self.feature = nn.Parameter(torch.zeros(features.shape[1], sizes["d"]))
            self._columns = torch.from_numpy(features.indices.astype(np.int64))
            self._starts = torch.from_numpy(features.indptr[:-1].astype(np.int64))

    def items(self) -> Tensor:
        """Return the products' vectors, [n_items, d]."""
        if self.feature is None:
            return self.identity
        means = functional.embedding_bag(self._columns, self.feature, self._starts, mode="mean")
        return self.identity + means

    def vectors(self) -> tuple[Floats, Floats]:
        """Return what is saved: the products' vectors with the unknown product's, and the features'.

        Shapes: [n_items + 1, d] and [n_features, d].
        """
        with torch.inference_mode():
            items = torch.cat([self.items(), self.identity.mean(dim=0, keepdim=True)]).numpy()
            features = np.zeros((0, items.shape[1]), dtype=np.float32)
            return items, features if self.feature is None else self.feature.detach().numpy().copy()


class Sampler:
    """Draws products for the sampled softmax, some by how often they are chosen, the rest evenly.

    Args:
        counts: how often each product is chosen, [n_items].
        popular_share: see `SequenceParameters`.
        negatives: products in a draw.
    """

    def __init__(self, counts: np.ndarray[Any, Any], popular_share: float, negatives: int) -> None:
        share = popular_share * counts / counts.sum() + (1.0 - popular_share) / len(counts)
        self._share = torch.from_numpy(share)
        self._expected = torch.from_numpy(np.log(share * negatives)).float()
        self._negatives = negatives

    def loss(self, states: Tensor, targets: Tensor, items: Tensor) -> Tensor:
        """Return the cross-entropy with the sum over all products estimated from the drawn ones.

        exp(score) of each drawn product is divided by how often it is drawn on average: the estimate is unbiased
        (Y. Bengio and J.-S. Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic
        Language Model", 2008). The target takes part exactly, once.

        Args:
            states: what is expected, [n, d].
            targets: what came, [n].
            items: the products' vectors, [n_items, d].
        """
        drawn = torch.multinomial(self._share, self._negatives, replacement=True)
        right = (states * items[targets]).sum(dim=1, keepdim=True)
        wrong = states @ items[drawn].T - self._expected[drawn]
        wrong = wrong.masked_fill(drawn[None, :] == targets[:, None], float("-inf"))
        return functional.cross_entropy(torch.cat([right, wrong], dim=1), torch.zeros_like(targets))


class Trainer:
    """Trains one network on the histories that are not held out, and looks at how it does on those that are.

    Args:
        network: what is trained.
        histories: positions of products, oldest first; those of the held-out shoppers are whole.
        held_out: shoppers whose last product is not learnt but predicted, positions among `histories`.
        parameters: see `SequenceParameters`.
    """

    def __init__(
        self,
        network: NextProduct,
        histories: Sequence[History],
        held_out: np.ndarray[Any, Any],
        parameters: SequenceParameters,
    ) -> None:
        self._network = network
        self._parameters = parameters
        self._random = np.random.default_rng(parameters.seed)
        self._held_out = [histories[shopper] for shopper in held_out]
        shortened = set(held_out.tolist())
        known = [history[:-1] if shopper in shortened else history for shopper, history in enumerate(histories)]
        self._known = [history for history in known if len(history) > 1]
        n_items = len(network.identity)
        self._sampler: Sampler | None = None
        if n_items > parameters.full_below:
            counts = np.bincount(np.concatenate(self._known), minlength=n_items).astype(np.float64)
            self._sampler = Sampler(counts, parameters.popular_share, parameters.negatives)
        self._optimiser = torch.optim.Adam(network.parameters(), lr=parameters.learning_rate, betas=(0.9, 0.98))
        self._steps = 0

    def fit(self, *, threads: int, step: Callable[[], None], writer: CurveWriter | None) -> dict[str, Any]:
        """Train until it gets no better; the network then has the best epoch's weights.

        Returns:
            `epochs` (whose weights were kept), `stopped` by what, the `curve` (loss and held-out NDCG of each epoch).
        """
        parameters = self._parameters
        clock = Clock(parameters.seconds, threads)
        best, best_weights, best_epochs, stopped = -1.0, deepcopy(self._network.state_dict()), 0, "epochs"
        curve: list[dict[str, float]] = []
        for epoch in range(1, parameters.epochs + 1):
            loss, whole = self._epoch(clock)
            reached = self._ndcg() if self._held_out else float(epoch)
            curve.append({"loss": round(loss, 4)} | ({"ndcg": round(reached, 4)} if self._held_out else {}))
            if writer is not None:
                for name, value in curve[-1].items():
                    writer.add_scalar(f"{self._network.kind}/{name}", value, epoch)
            step()
            if reached > best:
                best, best_weights, best_epochs = reached, deepcopy(self._network.state_dict()), epoch
            if not whole:
                stopped = "seconds"
                break
            if epoch - best_epochs >= parameters.patience:
                stopped = "patience"
                break
        self._network.load_state_dict(best_weights)
        self._network.eval()
        return {"epochs": best_epochs, "stopped": stopped, "curve": curve}

    def _epoch(self, clock: Clock) -> tuple[float, bool]:
        """Take a pass through all histories; returns the mean loss, and whether the time was enough for all of it."""
        self._network.train()
        total, seen = 0.0, 0
        for pieces in self._batches():
            if clock.used() >= 1.0 and seen:
                return total / seen, False
            loss, n = self._step(pieces)
            total, seen = total + n * loss, seen + n
        return total / seen, clock.used() < 1.0

    def _step(self, pieces: list[History]) -> tuple[float, int]:
        padded, lengths = pad(pieces)
        predicted = torch.arange(padded.shape[1] - 1)[None, :] < lengths[:, None] - 1
        items = self._network.items()
        states = self._network.encoder(items[padded[:, :-1]])[predicted]
        targets = padded[:, 1:][predicted]
        if self._sampler is None:
            loss = functional.cross_entropy(states @ items.T, targets)
        else:
            loss = self._sampler.loss(states, targets, items)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.encoder.parameters(), MAX_NORM)
        self._steps += 1
        for group in self._optimiser.param_groups:
            group["lr"] = self._parameters.learning_rate * min(1.0, self._steps / self._parameters.warm_up)
        self._optimiser.step()
        return loss.item(), len(targets)

    def _batches(self) -> Iterator[list[History]]:
        """Yield the histories in pieces of at most `length` + 1, those of about one length together, in random order.

        A long history is cut elsewhere in every epoch, so that no product always stands at a beginning.
        """
        pieces = [piece for history in self._known for piece in self._cut(history)]
        lengths = np.asarray([len(piece) for piece in pieces])
        order = np.argsort(lengths + 2.0 * self._random.random(len(pieces)), kind="stable")
        number = np.cumsum(lengths[order] - 1) // self._parameters.batch
        batches = np.split(order, np.flatnonzero(np.diff(number)) + 1)
        for position in self._random.permutation(len(batches)):
            yield [pieces[piece] for piece in batches[position]]

    def _cut(self, history: History) -> list[History]:
        length = self._parameters.length
        if len(history) <= length + 1:
            return [history]
        first = int(self._random.integers(1, length + 1))
        # Neighbouring pieces share a product: the last one predicted there is the first one read here.
        starts = [0, *range(first, len(history) - 1, length)]
        ends = [*(start + 1 for start in starts[1:]), len(history)]
        return [history[start:end] for start, end in zip(starts, ends, strict=True)]

    def _ndcg(self) -> float:
        """Return the mean NDCG of the held-out products, among all those that their shoppers had not chosen before."""
        self._network.eval()
        gains = []
        with torch.inference_mode():
            items = self._network.items()
            for start in range(0, len(self._held_out), EVALUATED_AT_ONCE):
                histories = self._held_out[start : start + EVALUATED_AT_ONCE]
                scores = self._expected([history[:-1] for history in histories], items) @ items.T
                for row, history in zip(scores, histories, strict=True):
                    target = row[history[-1]].item()
                    row[torch.from_numpy(history)] = float("-inf")
                    rank = int((row >= target).sum())
                    gains.append(1.0 / np.log2(rank + 2) if rank < CUTOFF else 0.0)
        return float(np.mean(gains))

    def _expected(self, histories: Sequence[History], items: Tensor) -> Tensor:
        """Return what the network expects after each history, [n, d]."""
        padded, lengths = pad([history[-self._parameters.length :] for history in histories])
        states: Tensor = self._network.encoder(items[padded])
        return states[torch.arange(len(lengths)), lengths - 1]


def pad(histories: Sequence[History]) -> tuple[Tensor, Tensor]:
    """Return histories as one tensor, [n, longest], and their lengths, [n]; behind its end any product stands."""
    lengths = torch.tensor([len(history) for history in histories])
    padded = torch.zeros((len(histories), int(lengths.max())), dtype=torch.long)
    for row, history in zip(padded, histories, strict=True):
        row[: len(history)] = torch.from_numpy(history)
    return padded, lengths
