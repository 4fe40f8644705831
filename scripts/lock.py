#!/usr/bin/env python3
"""Compile both locks anew with uv. Versions stay as they are where they still fit; `--upgrade` takes the newest.

PyTorch and its CUDA libraries are left out of the guide server's lock: envs/guide/torch.txt says why.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APART = re.compile(r"^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z]+)==")


def without_torch(lock: str) -> str:
    """Drop the blocks of PyTorch and its CUDA libraries from a lock; a block is a line and its indented hashes."""
    blocks = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(block for block in blocks if not APART.match(block))


def compile_lock(uv: str, source: Path, lock: Path, arguments: "list[str]") -> None:
    """Write one lock. The present one is given to uv, so that it keeps the versions that still fit."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "requirements.txt"
        draft.write_bytes(lock.read_bytes() if lock.exists() else b"")
        command = [uv, "pip", "compile", str(source), "-o", str(draft), "--generate-hashes", "--no-header", "--quiet"]
        subprocess.run([*command, "--no-annotate", "--no-emit-index-url", *arguments], cwd=str(ROOT), check=True)
        lock.write_text(without_torch(draft.read_text("utf-8")), "utf-8")


def main() -> None:
    """Compile both."""
    uv = shutil.which("uv")
    if not uv:
        sys.exit("scripts/lock.py needs uv on the PATH (astral.sh/uv).")
    extra = sys.argv[1:]
    guide, rasa = ROOT / "envs" / "guide", ROOT / "envs" / "rasa"
    universal = ["--universal", "--python-version", "3.11", "--extra", "dev"]
    compile_lock(uv, ROOT / "pyproject.toml", guide / "requirements.txt", [*universal, *extra])
    overrides = ["--overrides", str(rasa / "overrides.txt"), "--python-version", "3.10"]
    compile_lock(uv, rasa / "requirements.in", rasa / "requirements.txt", [*overrides, *extra])


if __name__ == "__main__":
    main()
