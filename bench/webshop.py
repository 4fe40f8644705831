"""What people ask a shop for, in their words: WebShop's instructions through our pipeline; JSON on stdout.

    python -m bench.webshop --dataset ../shared/datasets/webshop_goals --annotations webshop_200.jsonl
    python -m bench.webshop --dataset … --model models/dialogue.tar.gz --lexicon models/lexicon.jsonl

`goals.json.gz` (Yao et al. 2022, arXiv:2207.01206) is a list of instructions, written to describe one product. The
report has the share of them that is recognised as `search_products` and what the others are taken for.

The annotations are a file as `shopguide evaluate nlu` takes it (docs/evaluation.md), one JSON object a line: `id`,
`text`, `intent`, `catalogue` (any) and `entities`, of which `price` and `colour` are compared and no others. `value`
of a colour is what was said ("dark gray"); it becomes the lexicon's value by its longest ending that the lexicon knows
("grey"), and stays as it is if there is none. Rows of the report:

- `as written`: people wrote no prices, so that any price found is wrong;
- `known colours`: the same, without the lines that name a colour the lexicon does not know;
- `with a price`: with a price added to each line, in turn by one of the clauses in `PRICE_CLAUSES`. The first is the
  one that the WebShop environment itself adds.

The lexicon is the one given, with the colours of `shopguide/catalogue/synonyms` that it lacks added. Without `--model`
the pipeline of config.yml is trained on data/nlu first.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench._pipelines import ROOT, BenchFailed, RasaSide, ours, tell
from lexicon import entries
from lexicon.entries import Lexicon, LexiconError, ValueEntry
from lexicon.text import normalise
from shopguide.catalogue import forms, synonyms
from shopguide.errors import ShopGuideError, UnreadableFile
from shopguide.evaluation.intents import Heard
from shopguide.evaluation.mentions import EntityScores
from shopguide.evaluation.parsing import Reading
from shopguide.evaluation.resampling import draws, figure, interval
from shopguide.evaluation.utterances import Mention, Utterance, read_utterances

SEARCH = "search_products"
MISTAKES_SHOWN = 50
COMPARED = frozenset({"price", "colour"})

# What is written before and after the amounts, with the role of each amount. The amounts are drawn.
PRICE_CLAUSES: tuple[tuple[str, tuple[str | None, ...]], ...] = (
    (", and price lower than {0}.00 dollars", ("max",)),
    (" under ${0}", ("max",)),
    (", no more than {0} bucks please", ("max",)),
    (" for {0} to {1} dollars", ("min", "max")),
    (". i can spend around ${0} on it", ("around",)),
    (", but over {0} dollars so that it lasts", ("min",)),
)


def read_goals(dataset: Path) -> list[str]:
    """Return the instructions, each once.

    Raises:
        UnreadableFile: the file is not that data set.
    """
    file = dataset / "goals.json.gz" if dataset.is_dir() else dataset
    try:
        with gzip.open(file, "rt", encoding="utf-8") as opened:
            goals = json.load(opened)
        if not goals or not all(isinstance(goal, str) for goal in goals):
            raise TypeError("no list of texts")
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableFile(f"{file}: not WebShop's goals ({error})") from error
    return list(dict.fromkeys(goals))


def with_colours(lexicon: Lexicon) -> Lexicon:
    """Return the lexicon with the colours that people name, whether the catalogue has them or not."""
    known = {form for entry in lexicon.values if entry.facet == "colour" for form in entry.forms}
    language = synonyms.load(lexicon.language)
    added = []
    for name, concept in language.concepts.get("colour", {}).items():
        said = [form for word in (name, *concept.words) for form in forms.of_word(word, language.spellings)]
        free = [form for form in dict.fromkeys(said) if form not in known]
        if name in free:
            added.append(ValueEntry("colour", name, tuple(free), 1))
            known.update(free)
    return replace(lexicon, values=(*lexicon.values, *added), digest="")


def canonical(lexicon: Lexicon, said: str) -> str | None:
    """Return the lexicon's colour for what was said: that of the longest ending which it knows."""
    of = {form: entry.value for entry in lexicon.values if entry.facet == "colour" for form in entry.forms}
    words = normalise(said).split()
    endings = (" ".join(words[place:]) for place in range(len(words)))
    return next((of[ending] for ending in endings if ending in of), None)


def compared(utterances: Iterable[Utterance], lexicon: Lexicon) -> tuple[list[Utterance], set[str]]:
    """Return the lines with what is compared, in the lexicon's values, and the ids of those with an unknown colour."""
    found, unknown = [], set()
    for utterance in utterances:
        mentions = []
        for mention in utterance.entities:
            if mention.entity == "colour":
                value = canonical(lexicon, str(mention.value))
                if value is None:
                    unknown.add(utterance.id)
                mentions.append(mention.model_copy(update={"value": value or mention.value}))
            elif mention.entity in COMPARED:
                mentions.append(mention)
        found.append(utterance.model_copy(update={"entities": tuple(mentions)}))
    return found, unknown


def with_prices(utterances: Sequence[Utterance], seed: int) -> list[Utterance]:
    """Return each line with a price added to its end."""
    source = random.Random(seed)
    found = []
    for index, utterance in enumerate(utterances):
        clause, roles = PRICE_CLAUSES[index % len(PRICE_CLAUSES)]
        amounts = sorted(10 * amount for amount in source.sample(range(1, 40), 2))
        text = utterance.text.rstrip(" .,;") + clause.format(*amounts)
        start = len(utterance.text.rstrip(" .,;"))
        prices = []
        for amount, role in zip(amounts, roles, strict=False):
            place = text.index(str(amount), start)
            start = place + len(str(amount))
            prices.append(Mention(entity="price", value=amount, start=place, end=start, role=role))
        added = {"text": text, "entities": (*utterance.entities, *prices)}
        found.append(utterance.model_copy(update=added))
    return found


def constraints(name: str, utterances: Sequence[Utterance], readings: Sequence[Reading]) -> dict[str, Any]:
    """Return a row: F1 of what is compared, by entity too, and the mistakes."""
    kept = [
        replace(one, mentions=tuple(mention for mention in one.mentions if mention.entity in COMPARED))
        for one in readings
    ]
    scores = EntityScores([Heard(utterance, (one,)) for utterance, one in zip(utterances, kept, strict=True)])
    row = scores.row()
    shown = {key: row[key] for key in ("entity_precision", "entity_recall", "entity_f1") if key in row}
    return {
        "model": name,
        "lines": len(utterances),
        **shown,
        "ci": {key: row["ci"][key] for key in shown},
        "entities": scores.by_entity(),
        "mistakes": scores.mistakes(),
    }


def recognised(goals: Sequence[str], readings: Sequence[Reading]) -> dict[str, Any]:
    """Return the share taken for a search, and what the others were taken for, the most confident mistakes first."""
    right = np.array([one.intent == SEARCH for one in readings], dtype=float)
    shares = draws(len(right)) @ right / len(right)
    taken = Counter(one.intent for one in readings)
    answered = zip(goals, readings, strict=True)
    wrong = [(one.confidence, one.intent, goal) for goal, one in answered if one.intent != SEARCH]
    return {
        "goals": len(readings),
        SEARCH: figure(shares),
        "ci": {SEARCH: interval(shares)},
        "taken_for": {name: round(count / len(readings), 4) for name, count in taken.most_common(8)},
        "mistakes": [
            {"text": goal, "got": intent, "confidence": round(confidence, 4)}
            for confidence, intent, goal in sorted(wrong, reverse=True)[:MISTAKES_SHOWN]
        ],
    }


def measure(
    ask: Callable[[list[str]], list[Reading]],
    goals: Sequence[str],
    annotated: Sequence[Utterance],
    lexicon: Lexicon,
    seed: int,
) -> dict[str, Any]:
    """Ask a model with this lexicon everything and return the report."""
    lines, unknown = compared(annotated, lexicon)
    priced = with_prices(lines, seed)
    readings = ask([*goals, *(line.text for line in lines), *(line.text for line in priced)])
    first, second = len(goals), len(goals) + len(lines)
    plain, with_price = readings[first:second], readings[second:]
    rows = []
    if lines:
        known = [place for place, line in enumerate(lines) if line.id not in unknown]
        rows = [
            constraints("as written", lines, plain),
            constraints("known colours", [lines[i] for i in known], [plain[i] for i in known]),
            constraints("with a price", priced, with_price),
        ]
    return {
        "dataset": "webshop_goals",
        "intents": recognised(goals, readings[:first]),
        "lexicon": {"digest": entries.digest_of(lexicon), "lines_with_unknown_colours": len(unknown)},
        "models": rows,
    }


def main() -> None:
    """Ask a model, trained here if none is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="the folder of WebShop's goals, or their file")
    parser.add_argument("--annotations", type=Path, help="lines with price and colour marked")
    parser.add_argument("--lexicon", type=Path, default=ROOT / "models" / "lexicon.jsonl", help="to start from")
    parser.add_argument("--model", type=Path, help="a trained dialogue model; trained here without it")
    parser.add_argument("--goals", type=int, default=0, help="so many goals, drawn; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    parser.add_argument("--threads", type=int, default=2, help="that each library may use")
    arguments = parser.parse_args()
    try:
        goals = read_goals(arguments.dataset)
        if 0 < arguments.goals < len(goals):
            goals = random.Random(arguments.seed).sample(goals, arguments.goals)
        annotated = read_utterances(arguments.annotations) if arguments.annotations else []
        lexicon = with_colours(entries.read(arguments.lexicon))
        with tempfile.TemporaryDirectory(prefix="webshop-") as folder:
            side, lexicon_file = RasaSide(Path(folder), arguments.threads), Path(folder) / "lexicon.jsonl"
            entries.write(lexicon, lexicon_file)
            model = arguments.model
            if model is None:
                tell("training the pipeline of config.yml")
                model = side.train(ours(), side.examples([ROOT / "data" / "nlu"])).model

            def ask(texts: list[str]) -> list[Reading]:
                tell(f"asking {len(texts)} texts")
                return side.read(model, texts, lexicon_file).readings()

            report = measure(ask, goals, annotated, lexicon, arguments.seed)
    except (ShopGuideError, LexiconError, BenchFailed) as error:
        sys.exit(f"bench/webshop.py: {error}")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
