"""`shopguide rank`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopguide.cli.output import check_writable, write
from shopguide.cli.train import JsonOption, parse_condition

if TYPE_CHECKING:
    from rich.table import Table

    from shopguide.bootstrap import Shop
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.ids import Sku
    from shopguide.recommender.stages import Stages


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the command."""
    root.command("rank")(rank)


def rank(
    *,
    query: Annotated[str, typer.Option(help="The need in words.")],
    skus: Annotated[str, typer.Option(help="The products, parted by commas.", metavar="A,B,…")],
    where: Annotated[
        list[str] | None,
        typer.Option(help='What must hold: colour=blue, "colour=blue|navy", brand!=sony, "price<=80". Repeatable.'),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which words carried the cross-encoder's scores.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(help="Draw these words as a picture.", metavar="OUT.svg", dir_okay=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how named products of the shop fare at every stage of a search."""
    from dataclasses import asdict

    from rich.console import Console

    from shopguide.bootstrap import get_shop
    from shopguide.cli.terminal.words import show_words, words_svg
    from shopguide.errors import ModelNotFound
    from shopguide.ids import Sku
    from shopguide.recommender.attribution import Attribution, Explainer
    from shopguide.recommender.reranker import Reranker
    from shopguide.recommender.stages import stages_of
    from shopguide.recommender.texts import need_text, product_text
    from shopguide.recommender.types import RecommendationRequest

    check_writable(svg, "--svg")
    named = list(dict.fromkeys(Sku(sku.strip()) for sku in skus.split(",") if sku.strip()))
    if not named:
        raise typer.BadParameter("names no product", param_hint="--skus")
    request = RecommendationRequest(query=query, constraints=tuple(parse_condition(text) for text in where or ()))
    shop = get_shop()
    folder = _reranker_folder(shop)
    if (explain or svg) and folder is None:
        raise ModelNotFound("no cross-encoder to explain: shopguide train --only reranker")
    shop.recommender.warm_up()
    reranker = Reranker(folder, shop.settings.torch_threads) if folder is not None else None
    stages = stages_of(shop.recommender, reranker, request, named)
    index = shop.recommender.index
    told: dict[Sku, Attribution] = {}
    if folder is not None and (explain or svg):
        explainer, need = Explainer(folder, shop.settings.torch_threads), need_text(query, request.constraints)
        told = {one.sku: explainer.explain(need, product_text(index.product(one.sku))) for one in stages}
    if svg is not None:
        write(svg, words_svg([(_name(index, sku), found) for sku, found in told.items()]), "--svg")
    if as_json:
        rows = [asdict(one) | ({"words": asdict(told[one.sku])["words"]} if explain else {}) for one in stages]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    console = Console(highlight=False)
    console.print(_table(stages, index))
    for sku, found in told.items() if explain else ():
        show_words(_name(index, sku), found, console)


def _reranker_folder(shop: "Shop") -> Path | None:
    from shopguide.recommender.artefacts import ModelFolder
    from shopguide.training.data import current_version

    version = current_version(ModelFolder(shop.settings.models_dir / "recommender"))
    return version.folder / "reranker" if version is not None and version.has("reranker") else None


def _table(stages: "Sequence[Stages]", index: "CatalogueIndex") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("", "product", "BM25", "cosine", "logit", "answers", "blend", "with reranker")
    for one in stages:
        place = "–" if one.place is None else str(one.place)
        figures = (one.bm25, one.cosine, one.logit, one.probability, one.blend, one.score)
        shown = ("–" if figure is None else f"{figure:.3f}" for figure in figures)
        table.add_row(place, Text(_name(index, one.sku)), *shown)
    if any(one.place is None for one in stages):
        table.caption = "–: not in stock, breaks a constraint, or the stage says nothing"
    return table


def _name(index: "CatalogueIndex", sku: "Sku") -> str:
    return f"{index.product(sku).title} ({sku})"
