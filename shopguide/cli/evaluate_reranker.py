"""`shopguide evaluate reranker`."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shopguide.cli.output import check_writable, write_report

NEEDS = 200


class Measured(StrEnum):
    """As `Part` in `shopguide.evaluation.reranker.run`, which is not imported to show the help; a test compares."""

    JUDGMENTS = "judgments"
    NEEDS = "needs"
    TYPOS = "typos"
    ATTACKS = "attacks"
    WORDS = "words"
    EVENTS = "events"


def reranker(
    dataset: Annotated[
        Path,
        typer.Option(help="A folder with a catalogue and judgments or events; docs/evaluation.md.", file_okay=False),
    ],
    *,
    mapping: Annotated[
        Path | None, typer.Option(help="How to read the catalogue, if it is none that is known.", dir_okay=False)
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Measure the reranker of this version; default: the one that serves.",
            metavar="VERSION_FOLDER",
            file_okay=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Train a reranker on the data set's catalogue instead, leaving out what is asked.", min=0.05),
    ] = None,
    needs: Annotated[
        int, typer.Option(help="Need sentences drawn from the catalogue, and needs of shoppers at most.", min=0)
    ] = NEEDS,
    only: Annotated[
        list[Measured] | None,
        typer.Option(help="Measure this alone; repeatable. Default: all that the data set has.", case_sensitive=False),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep the imported catalogue and its vectors here for the next time.", file_okay=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the sentences.")] = 0,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the report here in JSON; - is standard output.", metavar="OUT")
    ] = None,
) -> None:
    """Compare BM25, bi-encoder, cross-encoders and the whole pipeline by how well needs in words find products."""
    from shopguide.cli.train import progress_bar
    from shopguide.evaluation.reranker.run import Part, Plan, evaluate

    check_writable(json_out, "--json")
    if model and minutes:
        raise typer.BadParameter("a model is either taken or trained: not both with --model", param_hint="--minutes")
    parts = frozenset(Part(one.value) for one in only or Measured)
    plan = Plan(dataset, mapping, model, minutes, needs, seed, parts)
    with progress_bar() as progress:
        if keep is not None:
            found = evaluate(plan, keep, progress)
        else:
            with tempfile.TemporaryDirectory(prefix="shopguide-") as folder:
                found = evaluate(plan, Path(folder), progress)
    if not write_report(found, json_out):
        return
    from shopguide.cli.terminal.rerankers import show_rerankers

    show_rerankers(found)
