"""How far predicted ratings are from given ones on MovieLens 100K (`ua.base` and `ua.test`); JSON on stdout.

    python -m bench.ratings --dataset ../shared/datasets/ml-100k        # about two minutes on one core

Parameters and epochs are chosen by ten ratings of every user taken out of `ua.base`; `ua.test` is predicted once, at
the end. See `shopguide.evaluation.recommender.ratings`.
"""

import argparse
import json
import sys
from pathlib import Path

from shopguide.errors import ShopGuideError
from shopguide.evaluation.recommender.ratings import rmse_rows


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="folder of MovieLens 100K")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        rows = rmse_rows(arguments.dataset, arguments.seed)
    except ShopGuideError as error:
        sys.exit(str(error))
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
