"""How many questions about products are answered rightly, and how often something is invented.

    python -m tests.eval.questions [--dev] [--demo DATABASE] [--icecat DATABASE] [--out FILE]

Imports the demo shop and the Icecat catalogue (shared/datasets), unless databases with them are named, and asks every
question of product_questions.yml. A question with an answer is right if it is answered by one of the facets that answer
it, with the right verdict where only one is, or by the sentence. A question without is right if the guide says that the
data does not tell, or names a list and says that it lacks the value. Invented is a statement that does not answer: any
answer to a question without one, another facet, another sentence, another verdict.
"""

import argparse
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml

from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon import lexicon_of
from shopguide.catalogue.store import ProductStore
from shopguide.conversation.answering.answerer import Answerer
from shopguide.conversation.answering.faq import Policies, PolicyAnswer, PolicySilent
from shopguide.conversation.answering.outcomes import FacetAnswer, NotInData, PassageAnswer, ProductAnswer
from shopguide.db.engine import Database
from shopguide.evaluation.resampling import draws, figure, interval
from shopguide.ids import Sku
from shopguide.recommender.encoder import Encoder, encoder_folder

ROOT = Path(__file__).parents[2]
SHOPS = {
    "demo": (ROOT / "demo" / "catalogue.jsonl.gz", ROOT / "demo" / "mapping.yml"),
    "icecat": (
        ROOT.parent / "shared" / "datasets" / "icecat" / "products.jsonl.gz",
        ROOT / "mappings" / "icecat.yml",
    ),
}


def questions(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the questions of a file by shop."""
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return found


def store_of(shop: str, database: str | None, folder: Path) -> ProductStore:
    """Return a shop's catalogue, imported into a database of its own unless one is named."""
    opened = Database(database or f"sqlite:///{folder / shop}.db")
    opened.migrate()
    store = ProductStore(opened)
    if database is None:
        feed, mapping = SHOPS[shop]
        import_catalogue(store, feed, load_mapping(mapping))
    return store


def judged(expected: dict[str, Any], answers: tuple[ProductAnswer, ...]) -> tuple[bool, bool]:
    """Return whether what was said is right, and whether something was said that does not answer."""
    if expected.get("silent"):
        plain = all(isinstance(one, NotInData) or _unlisted(one) for one in answers)
        return plain, not plain
    if all(isinstance(one, NotInData) for one in answers):
        return False, False
    right = any(_answers(one, expected) for one in answers)
    return right, not right


def _unlisted(answer: ProductAnswer) -> bool:
    return isinstance(answer, FacetAnswer) and answer.verdict == "unlisted"


def _answers(answer: ProductAnswer, expected: dict[str, Any]) -> bool:
    if isinstance(answer, FacetAnswer):
        verdict = expected.get("verdict")
        return answer.facet in expected.get("facets", ()) and verdict in (None, answer.verdict)
    words = expected.get("says", ())
    return isinstance(answer, PassageAnswer) and any(word.casefold() in answer.text.casefold() for word in words)


def asked(shop: str, lines: list[dict[str, Any]], store: ProductStore, encoder: Encoder) -> Iterator[dict[str, Any]]:
    """Ask a shop's questions and yield each with what was said and how it is judged."""
    revision, _, products = store.snapshot()
    index = CatalogueIndex(products, revision)
    answerer = Answerer(index, lexicon_of(index, currency="EUR"), encoder.encode)
    for line in lines:
        answers = answerer.answer(line["ask"], store.get(Sku(line["sku"])))
        right, invented = judged(line, answers)
        said = [_shown(one) for one in answers]
        yield {**line, "shop": shop, "said": said, "right": right, "invented": invented}


def _shown(answer: ProductAnswer) -> str:
    match answer:
        case FacetAnswer():
            return f"{answer.facet}={'|'.join(answer.values)} ({answer.verdict} {answer.asked})"
        case PassageAnswer():
            return f"{answer.source}: {answer.text}"
        case _:
            return "not in the data"


def shares(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the share of right and of invented answers with bootstrap intervals, over all and by kind."""
    groups = {
        "all": results,
        "answerable": [one for one in results if not one.get("silent")],
        "unanswerable": [one for one in results if one.get("silent")],
        "demo": [one for one in results if one["shop"] == "demo"],
        "icecat": [one for one in results if one["shop"] == "icecat"],
    }
    report: dict[str, Any] = {}
    for name, group in groups.items():
        if not group:
            continue
        drawn = draws(len(group))
        row: dict[str, Any] = {"questions": len(group)}
        for key in ("right", "invented"):
            values = drawn @ np.array([float(one[key]) for one in group]) / len(group)
            row |= {key: figure(values), f"{key}_ci": interval(values)}
        report[name] = row
    return report


def about_the_shop(part: str, encoder: Encoder) -> dict[str, Any]:
    """Ask the questions of faq_questions.yml over demo/policies and return how many are answered, or rightly not."""
    policies = Policies(ROOT / "demo" / "policies", encoder.encode)
    counts = {"answerable": 0, "answered": 0, "unanswerable": 0, "silent": 0}
    for line in questions("faq_questions.yml")[part]:
        found = policies.answer(line["ask"], line["topic"])
        if line.get("silent"):
            counts["unanswerable"] += 1
            counts["silent"] += isinstance(found, PolicySilent)
            continue
        counts["answerable"] += 1
        if isinstance(found, PolicyAnswer):
            text = found.paragraph.text.casefold()
            counts["answered"] += any(word.casefold() in text for word in line["says"])
    return counts


def main() -> None:
    """Ask the questions and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev", action="store_true", help="the questions that thresholds are tuned on")
    parser.add_argument("--demo", help="URL of a database with the demo shop's catalogue")
    parser.add_argument("--icecat", help="URL of a database with the Icecat catalogue")
    parser.add_argument("--verbose", action="store_true", help="print what was said where it was not right")
    parser.add_argument("--out", type=Path, help="write the shares as JSON")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    encoder = Encoder(encoder_folder(""))
    results: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        for shop, lines in questions("product_questions_dev.yml" if given.dev else "product_questions.yml").items():
            if getattr(given, shop) is None and not SHOPS[shop][0].exists():
                print(f"{shop}: {SHOPS[shop][0].name} is not here, left out")  # noqa: T201
                continue
            results += asked(shop, lines, store_of(shop, getattr(given, shop), Path(folder)), encoder)
    if given.verbose:
        for one in results:
            if not one["right"]:
                print(  # noqa: T201
                    "INVENTED" if one["invented"] else "missed", one["shop"], one["sku"], one["ask"], "->", one["said"]
                )
    report = shares(results) | {"shop": about_the_shop("dev" if given.dev else "test", encoder)}
    if given.out:
        given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
