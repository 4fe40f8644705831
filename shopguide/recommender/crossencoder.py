"""What runs a cross-encoder: torch in fp32 or bf16, or ONNX Runtime in int8. A batch of token pairs in, logits out."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import ModelCorrupt
from shopguide.recommender.encoder import quiet_transformers
from shopguide.recommender.features import Floats

log = logging.getLogger(__name__)

INT8_FILE = "model.int8.onnx"
"""The quantised model, beside transformers' files; folders of older versions lack it."""
TRIALS = 4
"""Runs of which the fastest tells how fast a model is."""

Precision: TypeAlias = Literal["fp32", "bf16", "int8"]
Batch: TypeAlias = Mapping[str, NDArray[np.int64]]
"""`input_ids`, `attention_mask` and `token_type_ids`, each [n_pairs, length]."""


class CrossEncoder(Protocol):
    """A loaded model."""

    precision: Precision

    def logits(self, batch: Batch) -> Floats:
        """Return one logit for each pair, [n_pairs]."""


class TorchCrossEncoder:
    """The model in transformers' own format.

    Args:
        folder: a transformers model folder with one output.
        threads: threads of torch; a setting of the whole process.
        precision: `fp32` or `bf16`; bf16 is slow where the processor lacks it.
    """

    def __init__(self, folder: Path, threads: int = 1, precision: Precision = "fp32") -> None:
        import torch
        from transformers import AutoModelForSequenceClassification

        quiet_transformers()
        torch.set_num_threads(threads)
        self.precision = precision
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.model: Any = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, dtype=dtype
        ).eval()

    def logits(self, batch: Batch) -> Floats:
        """Return one logit for each pair, [n_pairs]."""
        import torch

        tensors = {name: torch.from_numpy(array) for name, array in batch.items()}
        with torch.inference_mode():
            logits: Floats = self.model(**tensors).logits[:, 0].float().numpy()
        return logits


class OnnxCrossEncoder:
    """The quantised model in ONNX Runtime.

    Args:
        file: an ONNX model with the inputs of a `Batch` and the output `logits`, [n_pairs, 1].
        threads: threads of this model; they sleep between runs, so that they cost other processes nothing.
        precision: what the file holds.

    Raises:
        ModelCorrupt: ONNX Runtime cannot load the file.
    """

    def __init__(self, file: Path, threads: int = 1, precision: Precision = "int8") -> None:
        import onnxruntime

        self.precision = precision
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors
        try:
            self._session: Any = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no common base but this
            raise ModelCorrupt(f"{file}: ONNX Runtime cannot load it: {error}") from error
        self._inputs = [node.name for node in self._session.get_inputs()]

    def logits(self, batch: Batch) -> Floats:
        """Return one logit for each pair, [n_pairs]."""
        logits: Floats = self._session.run(["logits"], {name: batch[name] for name in self._inputs})[0][:, 0]
        return logits


def load_cross_encoder(folder: Path, threads: int, wanted: Precision | None, probe: Batch) -> CrossEncoder:
    """Load the model of a folder.

    Args:
        folder: a transformers model folder, with `model.int8.onnx` or without.
        threads: threads of the model.
        wanted: the precision; `None` takes bf16 where the processor has it and it proves faster on the probe, else
            int8 where the folder has a file that works, else fp32.
        probe: a batch as it will serve with.

    Raises:
        ModelCorrupt: int8 is wanted, and its file is missing or broken.
    """
    if wanted == "int8":
        return OnnxCrossEncoder(folder / INT8_FILE, threads)
    if wanted is not None:
        return TorchCrossEncoder(folder, threads, wanted)
    plain = _quantised(folder, threads, probe) or TorchCrossEncoder(folder, threads)
    if not has_bf16():
        return plain
    narrow = TorchCrossEncoder(folder, threads, "bf16")
    return narrow if seconds(narrow, probe) < seconds(plain, probe) else plain


def has_bf16() -> bool:
    """Tell whether the processor multiplies in bf16: AVX512-BF16 or AMX."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def seconds(model: CrossEncoder, batch: Batch) -> float:
    """Return how long a model takes for a batch when nothing is in its way."""
    times = []
    for _ in range(TRIALS):
        start = time.perf_counter()
        model.logits(batch)
        times.append(time.perf_counter() - start)
    return min(times)


def _quantised(folder: Path, threads: int, probe: Batch) -> CrossEncoder | None:
    """Return the int8 model if there is one that gives numbers for the probe."""
    file = folder / INT8_FILE
    if not file.is_file():
        return None
    try:
        model = OnnxCrossEncoder(file, threads)
        works = bool(np.isfinite(model.logits(probe)).all())
    except Exception as error:  # as above: a slate must not hang on what ONNX Runtime raises
        log.warning("serving in fp32: %s cannot be used: %s", file, error)
        return None
    if not works:
        log.warning("serving in fp32: %s gives no numbers", file)
    return model if works else None
