"""`shopguide evaluate recommender`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shopguide.cli.output import check_writable, write_report

SHOPPERS = 3000
"""As in `shopguide.evaluation.recommender.report`, which is not imported to show the help; a test compares them."""


class RecommenderSplit(StrEnum):
    """As `SplitName` in `shopguide.evaluation.recommender.splits`; a test compares them."""

    TIME = "time"
    SHOPPER = "shopper"
    LAST = "last"
    COLD_ITEMS = "cold-items"
    COLD_SHOPPERS = "cold-shoppers"
    PAPER_WARM = "paper-warm"
    PAPER_COLD = "paper-cold"


def recommender(
    dataset: Annotated[
        Path, typer.Option(help="A folder of behaviour; docs/evaluation.md has the layouts.", file_okay=False)
    ],
    *,
    split: Annotated[
        RecommenderSplit,
        typer.Option(
            help="What is predicted: the latest tenth of the events, each shopper's last fifth or last product, hidden "
            "products, shoppers held out, or the LightFM paper's two splits of ratings."
        ),
    ] = RecommenderSplit.TIME,
    validation: Annotated[
        bool,
        typer.Option(
            "--validation",
            help="Predict what lies before the test part and leave that alone: for whoever wants to try something.",
        ),
    ] = False,
    models: Annotated[
        str, typer.Option(help="Report these alone, parted by commas; popularity always. Default: all.", metavar="A,B")
    ] = "",
    shoppers: Annotated[int, typer.Option(help="Rank for a sample of so many if there are more.", min=1)] = SHOPPERS,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Read the products' texts with the sentence encoder.")
    ] = True,
    vectors: Annotated[
        Path | None,
        typer.Option(help="Take the texts' vectors from this file, or put them there.", metavar="FILE.npz"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws samples, what is hidden, and the order of ties.")] = 0,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the report here in JSON; - is standard output.", metavar="OUT")
    ] = None,
) -> None:
    """Compare recommenders by what shoppers chose next, ranking the full catalogue."""
    from shopguide.cli.train import progress_bar
    from shopguide.evaluation.datasets.loader import read_behaviour
    from shopguide.evaluation.datasets.reading import Reading
    from shopguide.evaluation.recommender.models import MODELS, models_of
    from shopguide.evaluation.recommender.report import report
    from shopguide.evaluation.recommender.splits import SplitName
    from shopguide.evaluation.recommender.texts import read_texts
    from shopguide.recommender.encoder import Encoder, encoder_digest, encoder_folder
    from shopguide.settings import get_settings

    check_writable(json_out, "--json")
    check_writable(vectors, "--vectors")
    if vectors and not texts:
        raise typer.BadParameter("without texts there are no vectors", param_hint="--vectors")
    only = [name.strip() for name in models.split(",") if name.strip()]
    unknown = [name for name in only if name not in MODELS]
    if unknown:
        raise typer.BadParameter(f"no {', '.join(unknown)}; there are {', '.join(MODELS)}", param_hint="--models")
    with progress_bar() as progress:
        progress("reading", 0.0)
        reading = Reading(read_behaviour(dataset))
        progress("reading", 1.0)
        read = None
        if texts:
            settings = get_settings()
            encoder = Encoder(encoder_folder(settings.encoder), settings.torch_threads)
            digest = encoder_digest(settings.encoder)
            read = read_texts(reading.index, encoder, keep=vectors, digest=digest, progress=progress)
        found = report(
            reading,
            SplitName(split.value),
            models_of,
            validation=validation,
            shoppers=shoppers,
            seed=seed,
            only=only,
            texts=read,
            progress=progress,
        )
    if not write_report(found, json_out):
        return
    from shopguide.cli.terminal.recommenders import show_recommenders

    show_recommenders(found)
