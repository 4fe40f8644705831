"""The dialogue model: what it is trained from, whether it is up to date, and how it is trained."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Dict, Optional

from tooling.commands import RASA_COMMAND, Job, dialogue_environment
from tooling.digests import ROOT, files_under

FOLDER = ROOT / "models"
"""Rasa serves the newest `*.tar.gz` in it."""
MODEL = FOLDER / "dialogue.tar.gz"
_TRAINED_FROM = ("config.yml", "domain.yml", "data", "rasa_addons", "envs/rasa/requirements.txt")
_NOTE = FOLDER / "dialogue.json"
"""Beside the model: the digest of every file it was trained from. `shopguide doctor` reads it as well."""


def sources() -> Dict[str, str]:
    """Return the digest of every file that the model is trained from."""
    return {
        str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files_under(*(ROOT / name for name in _TRAINED_FROM))
    }


def is_up_to_date() -> bool:
    """Tell whether the model was trained from the present files."""
    try:
        noted = json.loads(_NOTE.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return MODEL.exists() and bool(noted == {"files": sources()})


class Training(Job):
    """A training that runs while other things happen; Rasa itself reuses the parts whose inputs did not change."""

    def __init__(self) -> None:
        self._sources = sources()
        FOLDER.mkdir(parents=True, exist_ok=True)
        if _NOTE.exists():
            _NOTE.unlink()
        command = [RASA_COMMAND, "train", "--domain", "domain.yml", "--config", "config.yml", "--data", "data"]
        command += ["--out", str(FOLDER), "--fixed-model-name", MODEL.name.split(".")[0]]
        # Serving keeps to one thread; training is short and nobody waits for it beside a server.
        environment = {**dialogue_environment(), "TF_NUM_INTRAOP_THREADS": str(os.cpu_count() or 1)}
        super().__init__("Training the dialogue model", command, environment, "train-dialogue")

    def wait(self) -> None:
        """Wait for the end and note what the model was trained from.

        Raises:
            Failed: the training failed.
        """
        super().wait()
        _NOTE.write_text(json.dumps({"files": self._sources}, indent=1) + "\n", "utf-8")


def start_training_if_stale() -> Optional[Training]:
    """Start a training in the background unless the model is up to date."""
    return None if is_up_to_date() else Training()
