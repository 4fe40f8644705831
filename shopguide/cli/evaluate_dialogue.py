"""`shopguide evaluate dialogue`."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shopguide.cli.output import check_writable, write_report

SHOPPERS = 200


class Searching(StrEnum):
    """As `Arm` in `shopguide.evaluation.dialogue.run`, which is not imported to show the help; a test compares."""

    CLICKER = "facet_clicker"
    POPULAR = "popular_facets"
    BM25 = "bm25_facets"
    STRANGER = "guide_no_profile"
    NO_RERANKER = "guide_no_reranker"
    GUIDE = "guide"


def dialogue(
    dataset: Annotated[
        Path, typer.Option(help="A folder with a catalogue and events; docs/evaluation.md.", file_okay=False)
    ],
    phrases: Annotated[
        Path, typer.Option(help="What shoppers say: YAML, phrasings by act; docs/evaluation.md.", dir_okay=False)
    ],
    *,
    shoppers: Annotated[int, typer.Option(help="Shoppers who look for something.", min=1)] = SHOPPERS,
    arms: Annotated[
        list[Searching] | None,
        typer.Option("--arm", help="Compare these alone; repeatable. Default: all.", case_sensitive=False),
    ] = None,
    noise: Annotated[
        list[float] | None,
        typer.Option(help="How often a statement is wrong, e.g. 0.05; repeatable, a run for each.", min=0, max=1),
    ] = None,
    minutes: Annotated[float, typer.Option(help="For training the reranker; 0: none.", min=0)] = 0.0,
    guarantee: Annotated[
        bool, typer.Option("--guarantee", help="Check every reply: constraints, stated facts, silence.")
    ] = False,
    asides: Annotated[
        float, typer.Option(help="How often shoppers say something else: ask, praise, chat.", min=0, max=1)
    ] = 0.0,
    rasa_url: Annotated[
        str,
        typer.Option(help="A dialogue server that runs, on the shop of the settings, instead of servers of our own."),
    ] = "",
    token: Annotated[str, typer.Option(help="Of that server's HTTP API.")] = "",
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep the shop that lived until the cut here for the next time.", file_okay=False),
    ] = None,
    conversations: Annotated[
        Path | None, typer.Option(help="Add the conversations to this file, JSON Lines.", metavar="OUT.jsonl")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws shoppers, products and all that is left to chance.")] = 0,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the report here in JSON; - is standard output.", metavar="OUT")
    ] = None,
) -> None:
    """Compare talking to the guide with clicking facets: actions until a shopper sees what they bought later."""
    from shopguide.cli.train import progress_bar
    from shopguide.evaluation.dialogue.run import Arm, Plan, evaluate

    check_writable(json_out, "--json")
    check_writable(conversations, "--conversations")
    plan = Plan(
        dataset,
        phrases,
        arms=tuple(Arm(one.value) for one in arms or Searching),
        noises=tuple(dict.fromkeys(noise or [0.0])),
        shoppers=shoppers,
        seed=seed,
        minutes=minutes,
        url=rasa_url,
        token=token,
        check=guarantee,
        asides=asides,
        keep=conversations,
    )
    with progress_bar() as progress, tempfile.TemporaryDirectory(prefix="shopguide-") as folder:
        found = evaluate(plan, keep or Path(folder), progress)
    if not write_report(found, json_out):
        return
    from shopguide.cli.terminal.dialogues import show_dialogues

    show_dialogues(found)
