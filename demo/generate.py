"""Write the demo shop: catalogue, shoppers, twelve months of events, pictures, and a manifest of digests.

    python demo/generate.py --out demo

One seed, the same content on every run and machine. Invented brands, invented shoppers; standard library and numpy.
"""

import argparse
import gzip
import hashlib
import io
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from generator.events import make_events
from generator.feed import rate_and_review, record
from generator.pictures import draw
from generator.products import make_products
from generator.shoppers import make_shoppers
from generator.source import Source

HERE = Path(__file__).resolve().parent
SEED = "shopguide-demo-1"
SHOPPERS = 1_000
EVENTS = 40_000


def main() -> None:
    """Write everything below `--out`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: beside this file)")
    parser.add_argument("--seed", default=SEED, help="another seed makes another shop (default: %(default)s)")
    arguments = parser.parse_args()
    counts = generate(arguments.out, arguments.seed)
    print(", ".join(f"{count:,} {what}" for what, count in counts.items()))  # noqa: T201


def generate(out: Path, seed: str) -> dict[str, int]:
    """Write the demo shop and return how many there are of what."""
    source = Source(HERE / "source")
    products = make_products(source, seed)
    rate_and_review(source, products, seed)
    shoppers = make_shoppers(source, SHOPPERS, seed)
    events = make_events(source, products, shoppers, EVENTS, seed)
    pictures = draw(source, products)
    out.mkdir(parents=True, exist_ok=True)
    files = {
        "catalogue.jsonl.gz": _lines(record(source, product, seed) for product in products),
        "shoppers.jsonl": _lines(
            {"shopper_id": shopper.shopper_id, "preferences": shopper.preferences} for shopper in shoppers
        ),
        "events.jsonl.gz": _lines(events),
    }
    for name, content in files.items():
        (out / name).write_bytes(_gzip(content) if name.endswith(".gz") else content)
    _write_pictures(out / "images", pictures)
    manifest = {
        "generated_by": "demo/generate.py",
        "seed": seed,
        "source_sha256": source_digest(),
        "content_sha256": {
            **{name.removesuffix(".gz"): hashlib.sha256(content).hexdigest() for name, content in files.items()},
            "images": hashlib.sha256("".join(f"{name}\n{pictures[name]}" for name in pictures).encode()).hexdigest(),
        },
    }
    (out / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return {
        "products": len(products),
        "shoppers": len(shoppers),
        "events": len(events),
        "pictures": len(pictures),
    }


def source_digest() -> str:
    """Return the digest of what the demo shop comes from: this program and the files under `source/`."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("generate.py"), *HERE.glob("generator/*.py"), *HERE.glob("source/*.toml")]):
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _gzip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def _write_pictures(folder: Path, pictures: dict[str, str]) -> None:
    if folder.exists():
        shutil.rmtree(folder)  # pictures of an older seed
    folder.mkdir()
    for name, text in pictures.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
