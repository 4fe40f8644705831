"""Times the training of the candidates on a folder of behaviour, imported as a shop; JSON on stdout.

    python -m bench.training --dataset DIR                   # the layouts of docs/evaluation.md
    python -m bench.training --dataset DIR --keep FOLDER     # the shop and its models stay there

What is timed is `shopguide train --only candidates`, the sentence vectors of the products included: wall and processor
seconds, and the seconds of each step as the manifest has them.
"""

import argparse
import json
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from bench._large_shop import data_of, settings_of
from shopguide.bootstrap import Shop
from shopguide.evaluation.datasets.loader import read_behaviour
from shopguide.recommender.artefacts import ModelFolder
from shopguide.training.job import train

THREADS = 2
"""Of the sentence encoder, as the setting is by default; the models themselves are trained on one."""


def measure(dataset: Path, folder: Path) -> dict[str, Any]:
    """Import a data set into a new shop, train its candidates, and return the report."""
    behaviour = read_behaviour(dataset)
    shop = Shop(settings_of(folder).model_copy(update={"torch_threads": THREADS}))
    try:
        shop.products.put(behaviour.index.product(sku) for sku in behaviour.index.skus)
        taken = shop.recorder.take(behaviour.events, teach=False, may_wait=False)
        wall, processor = time.perf_counter(), time.process_time()
        train(data_of(shop), only="candidates")
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    finally:
        shop.catalogue.close()
        shop.database.close()
    part = ModelFolder(folder / "models" / "recommender").current().part("candidates")
    return {
        "dataset": behaviour.name,
        "products": len(behaviour.index),
        "events": len(behaviour.events),
        "refused": len(taken.refused),
        "wall_s": round(wall, 1),
        "cpu_s": round(processor, 1),
        "families": part["families"],
        "blend": part["blend"]["kind"],
        "steps_s": part["seconds"],
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="a folder of behaviour")
    parser.add_argument("--keep", type=Path, help="an empty folder for the shop")
    arguments = parser.parse_args()
    temporary = nullcontext(str(arguments.keep)) if arguments.keep else tempfile.TemporaryDirectory()
    with temporary as folder, threadpool_limits(1, user_api="blas"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        print(json.dumps(measure(arguments.dataset, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
