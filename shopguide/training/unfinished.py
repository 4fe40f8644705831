"""The state of an interrupted fine-tuning, from which the next one with the same data goes on."""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_STATE = "state.pt"


class Unfinished:
    """Keeps one stage of a training.

    Args:
        folder: of this stage; it is made when there is something to keep.
        digest: of what is learnt from: a state of anything else is of no use.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder = folder
        self._digest = digest

    def save(self, model: Any, optimiser: Any, done: Mapping[str, float]) -> None:
        """Keep what is trained of a model, its optimiser and how far it is, in place of what was kept before."""
        import torch

        self._folder.mkdir(parents=True, exist_ok=True)
        trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
        fresh = self._folder / f"{_STATE}.new"
        torch.save(
            {"digest": self._digest, "model": trained, "optimiser": optimiser.state_dict(), "done": dict(done)}, fresh
        )
        fresh.replace(self._folder / _STATE)

    def load(self, model: Any, optimiser: Any) -> dict[str, float] | None:
        """Put a kept state into a model and its optimiser and return how far it was, `None` if there is none."""
        import torch

        try:
            # Only tensors and plain values: a file that holds code is refused.
            state = torch.load(self._folder / _STATE, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever a broken file raises, the training begins anew
            log.warning("training from the beginning: %s: %s", self._folder, error)
            return None
        if state["digest"] != self._digest:
            return None
        model.load_state_dict(state["model"], strict=False)
        optimiser.load_state_dict(state["optimiser"])
        done: dict[str, float] = state["done"]
        return done

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._folder, ignore_errors=True)
