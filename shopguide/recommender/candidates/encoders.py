"""Torch encoders that read a shopper's products in order of time and answer with the vector of what comes next.

Every encoder maps [batch, length, d] to [batch, length, d] causally: what it says at a position depends on the products
up to there, so that one pass trains all positions, and padding on the right changes nothing before it. This module
imports torch when it is imported: import it inside functions.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from shopguide.recommender.candidates.sequence import Kind


class TwoTower(nn.Module):
    """The shopper's tower: an MLP over two means of the products, one that forgets and one that does not.

    P. Covington et al., "Deep Neural Networks for YouTube Recommendations" (2016): the history as the mean of its
    embeddings, through fully connected layers. How fast the first mean forgets is learnt.
    """

    def __init__(self, d: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.forgetting = nn.Parameter(torch.tensor(0.0))
        self.mlp = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(2 * d, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, d)
        )

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        recent = _running_mean(x, nn.functional.softplus(self.forgetting - 1.0))
        expected: Tensor = recent + self.mlp(torch.cat([recent, _running_mean(x, x.new_zeros(()))], dim=-1))
        return expected


class Gru4Rec(nn.Module):
    """A GRU over the products.

    B. Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks" (2016).
    """

    def __init__(self, d: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(d, hidden, batch_first=True)
        self.output = nn.Linear(hidden, d)

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        states, _ = self.gru(self.dropout(x))
        expected: Tensor = self.output(self.dropout(states))
        return expected


class Caser(nn.Module):
    """J. Tang and K. Wang, "Personalized Top-N Sequential Recommendation via Convolutional Sequence Embedding" (2018).

    Horizontal filters (of every height up to `window`, their maximum over the window) and vertical ones (weighted sums)
    read the latest `window` products. The paper's embedding of the shopper, which nobody new would have, is the mean of
    all their products here.
    """

    def __init__(self, d: int, *, window: int, horizontal: int, vertical: int, dropout: float) -> None:
        super().__init__()
        self.window = window
        self.horizontal = nn.ModuleList(nn.Conv1d(d, horizontal, height) for height in range(1, window + 1))
        self.vertical = nn.Linear(window, vertical, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(horizontal * window + vertical * d, d)
        self.output = nn.Linear(2 * d, d)

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        padded = nn.functional.pad(x, (0, 0, self.window - 1, 0)).transpose(1, 2)
        vertical = self.vertical(padded.unfold(2, self.window, 1)).permute(0, 2, 1, 3).flatten(2)
        found = [
            nn.functional.max_pool1d(torch.relu(filters(padded)), self.window - height, stride=1).transpose(1, 2)
            for height, filters in enumerate(self.horizontal)
        ]
        latest = torch.relu(self.hidden(self.dropout(torch.cat([vertical, *found], dim=-1))))
        expected: Tensor = self.output(self.dropout(torch.cat([latest, _running_mean(x, x.new_zeros(()))], dim=-1)))
        return expected


class SasRec(nn.Module):
    """W.-C. Kang and J. McAuley, "Self-Attentive Sequential Recommendation" (2018): a causal transformer."""

    def __init__(self, d: int, *, length: int, layers: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.position = nn.Parameter(0.02 * torch.randn(length, d))
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            d, heads, hidden, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(d), enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        length, d = x.shape[1:]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        expected: Tensor = self.layers(self.dropout(x * d**0.5 + self.position[:length]), mask=mask, is_causal=True)
        return expected


def build(kind: Kind, sizes: Mapping[str, Any]) -> nn.Module:
    """Return an encoder with fresh weights.

    Args:
        kind: which one.
        sizes: its constructor's arguments.
    """
    classes: dict[Kind, type[nn.Module]] = {
        "two_tower": TwoTower,
        "gru4rec": Gru4Rec,
        "caser": Caser,
        "sasrec": SasRec,
    }
    return classes[kind](**sizes)


def _running_mean(x: Tensor, forgetting: Tensor) -> Tensor:
    """Return at each position the mean of all up to it, each step back counting exp(-forgetting) as much."""
    steps = torch.arange(x.shape[1], dtype=x.dtype)
    back = steps[:, None] - steps[None, :]
    weights = torch.exp(-forgetting * back.clamp(min=0)) * (back >= 0)
    return (weights / weights.sum(dim=1, keepdim=True)) @ x
