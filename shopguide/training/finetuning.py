"""Fine-tuning of cross-encoders: the loop that teacher and student share, within a budget of time, and resumable."""

import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from shopguide.recommender.encoder import quiet_transformers
from shopguide.recommender.reranker import NEED_TOKENS, PairTokenizer
from shopguide.training.clock import Clock
from shopguide.training.needs import Group
from shopguide.training.unfinished import Unfinished

Loss: TypeAlias = Callable[[Any, Any, Sequence[Group]], Any]
"""Takes the logits of all pairs of a batch, its tensors, and its groups."""

SAVED_EVERY = 60.0
"""Seconds between two states that an interrupted training goes on from."""


@dataclass(frozen=True)
class Tuning:
    """How a cross-encoder is fine-tuned.

    Args:
        seconds: time budget on a machine of one's own; see `shopguide.training.clock`.
        threads: threads of torch.
        learning_rate: the encoder's peak, reached after `warm_up` of the time, falling to 0 at the end.
        head_learning_rate: the same for the output layer.
        frozen_layers: lowest layers that stay as they are, with the token embeddings: less to compute and to forget.
        warm_up: share of the time.
    """

    seconds: float
    threads: int
    learning_rate: float
    head_learning_rate: float
    frozen_layers: int
    warm_up: float


@dataclass
class Done:
    """How far a training is: steps, groups seen, the running mean of the loss, and the share of its time used."""

    steps: int = 0
    groups: int = 0
    loss: float = 0.0
    used: float = 0.0

    def count(self, loss: float, groups: int) -> None:
        """Count a step."""
        self.loss = loss if not self.steps else 0.95 * self.loss + 0.05 * loss
        self.steps += 1
        self.groups += groups

    def as_json(self) -> dict[str, float]:
        """Return it for a manifest."""
        return {"steps": self.steps, "groups": self.groups, "loss": round(self.loss, 4)}


def device() -> str:
    """Return where to train: on a GPU if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def load_model(folder: Path) -> Any:
    """Return a model with one output from a folder; of a plain encoder the output layer is new.

    Without dropout: in the few hundred steps that there is time for, nothing is learnt by heart.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    quiet_transformers()
    return AutoModelForSequenceClassification.from_pretrained(
        folder,
        num_labels=1,
        local_files_only=True,
        dtype=torch.float32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def save_model(model: Any, tokenizer: Path, folder: Path) -> None:
    """Save a model with the tokenizer of another folder, in transformers' own format."""
    from transformers import AutoTokenizer

    model.to("cpu").eval().save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer, local_files_only=True).save_pretrained(folder)


def without_layers(model: Any, kept: Sequence[int]) -> Any:
    """Return a copy of a model with some of its encoder's layers only, in this order."""
    import torch

    shallow = deepcopy(model)
    layers = shallow.base_model.encoder.layer
    shallow.base_model.encoder.layer = torch.nn.ModuleList([layers[i] for i in kept])
    shallow.config.num_hidden_layers = len(kept)
    return shallow


def fine_tune(
    model: Any,
    batches: Callable[[int], Iterator[list[Group]]],
    loss_of: Loss,
    pairs: PairTokenizer,
    tuning: Tuning,
    *,
    unfinished: Unfinished | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Done:
    """Train a model in place until its time is used up.

    Args:
        model: where `device` says.
        batches: returns groups of one step each, without end, others for every number of steps done before.
        loss_of: see `Loss`.
        pairs: makes the tokens.
        tuning: see `Tuning`.
        unfinished: where the state is kept, and taken up again if it is there.
        progress: told the share of the time that is used up.
    """
    import torch

    torch.set_num_threads(tuning.threads)
    where = device()
    optimiser, peaks = _optimiser(model, tuning)
    done = Done()
    if unfinished is not None and (kept := unfinished.load(model, optimiser)) is not None:
        done = Done(int(kept["steps"]), int(kept["groups"]), kept["loss"], kept["used"])
    before, clock = done.used, Clock(tuning.seconds, tuning.threads)
    drawn = batches(done.steps)
    # bf16 halves the time of a step where the processor has it; master weights stay in fp32.
    narrow = where == "cuda" or torch.cpu._is_avx512_bf16_supported()
    model.train()
    saved = time.monotonic()
    while True:
        done.used = before + clock.used()
        if done.used >= 1.0:
            break
        progress(done.used)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * _schedule(done.used, tuning.warm_up)
        groups = next(drawn)
        texts = [(pairs.tokens(g.need, NEED_TOKENS), pairs.product(text)) for g in groups for text in g.products]
        tokens = {name: tensor.to(where) for name, tensor in pairs.batch(texts).items()}
        with torch.autocast(where, dtype=torch.bfloat16, enabled=narrow):
            logits = model(**tokens).logits[:, 0]
            loss = loss_of(logits.float(), tokens, groups)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        done.count(loss.item(), len(groups))
        if unfinished is not None and time.monotonic() - saved > SAVED_EVERY:
            unfinished.save(model, optimiser, asdict(done))
            saved = time.monotonic()
    progress(1.0)
    if unfinished is not None:
        unfinished.save(model, optimiser, asdict(done))
    return done


def _optimiser(model: Any, tuning: Tuning) -> tuple[Any, tuple[float, float]]:
    """Freeze what stays as it is and return the optimiser with the peak rate of each of its groups."""
    import torch

    for frozen in (model.base_model.embeddings, *model.base_model.encoder.layer[: tuning.frozen_layers]):
        frozen.requires_grad_(False)
    head = list(model.classifier.parameters())
    body = [p for p in model.base_model.parameters() if p.requires_grad]
    peaks = (tuning.learning_rate, tuning.head_learning_rate)
    groups = [{"params": body, "lr": peaks[0]}, {"params": head, "lr": peaks[1]}]
    return torch.optim.AdamW(groups, weight_decay=0.01), peaks


def _schedule(used: float, warm_up: float) -> float:
    return used / warm_up if used < warm_up else max(0.0, (1 - used) / (1 - warm_up))


def by_labels(logits: Any, tokens: Any, groups: Sequence[Group]) -> Any:
    """Return the loss of a teacher: the first text of each group answers, the others do not.

    A softmax over each group's texts (listwise) and, half as heavy, a logistic loss of each pair, which keeps the
    logits on one scale across needs.
    """
    import torch
    from torch.nn import functional

    total = logits.new_zeros(())
    for group, own in _parted(logits, groups):
        first = torch.zeros(1, dtype=torch.long, device=own.device)
        labels = torch.zeros_like(own)
        labels[0] = 1.0
        listwise = functional.cross_entropy(own.unsqueeze(0), first)
        total = total + group.weight * (listwise + 0.5 * functional.binary_cross_entropy_with_logits(own, labels))
    return total / sum(group.weight for group in groups)


LEVEL = 0.1
"""What the logits themselves weigh beside their margins, so that one calibration fits all needs."""


def by_teacher(teacher: Any) -> Loss:
    """Return the loss of a student: the labels', and that of margins between a group's first text and the others.

    MarginMSE: S. Hofstätter et al., "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge
    Distillation" (2020), eq. 3.
    """
    import torch
    from torch.nn import functional

    def loss_of(logits: Any, tokens: Any, groups: Sequence[Group]) -> Any:
        with torch.no_grad():
            wanted = teacher(**tokens).logits[:, 0].float()
        total = by_labels(logits, tokens, groups) + LEVEL * functional.mse_loss(logits, wanted)
        for (_, own), (_, meant) in zip(_parted(logits, groups), _parted(wanted, groups), strict=True):
            total = total + functional.mse_loss(own[0] - own[1:], meant[0] - meant[1:]) / len(groups)
        return total

    return loss_of


def _parted(logits: Any, groups: Sequence[Group]) -> Iterator[tuple[Group, Any]]:
    start = 0
    for group in groups:
        yield group, logits[start : start + len(group.products)]
        start += len(group.products)
