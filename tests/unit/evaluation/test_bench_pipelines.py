"""What the benchmarks of understanding draw, train and count; nothing here starts Rasa."""

import gzip
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import clinc150, webshop
from bench._pipelines import DIET, BenchFailed, RasaSide, is_stock, ours, overridden, reading
from lexicon.entries import FacetEntry, Lexicon, ValueEntry
from shopguide.errors import UnreadableFile
from shopguide.evaluation.utterances import Mention, Utterance
from tests.unit.evaluation.fakes import entity, said

GREY = ValueEntry("colour", "grey", ("gray",), 9)
COLOURS = Lexicon("EUR", "en", (FacetEntry("colour", "text", ("colour",)),), (GREY,))


def answered(intent: str, *ranking: str) -> dict[str, Any]:
    """An answer as a trained model gives it."""
    return {**said(intent), "intent_ranking": [{"name": name} for name in ranking], "seconds": 0.02}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A data set in CLINC150's format: three intents with four training lines each."""
    names = ("pay", "eat", "sleep")
    parts = {
        "train": [[f"{name} {n}", name] for name in names for n in range(4)],
        "val": [[f"ask {name}", name] for name in names],
        "oos_train": [[f"odd {n}", "oos"] for n in range(3)],
        "oos_val": [["odd question", "oos"]],
    }
    with gzip.open(tmp_path / "train_val.json.gz", "wt", encoding="utf-8") as file:
        json.dump(parts, file)
    return tmp_path


def test_few_examples_are_drawn_for_each_intent_and_all_of_its_questions_are_asked(dataset: Path) -> None:
    task = clinc150.draw_task(dataset, shots=2, out_of_scope=1, intents=2, seed=0)
    labels = [intent for _, intent in task.train]
    chosen = set(labels) - {"out_of_scope"}
    assert len(chosen) == 2
    assert {labels.count(intent) for intent in chosen} == {2}
    assert labels.count("out_of_scope") == 1
    assert {intent for _, intent in task.test} == chosen | {"out_of_scope"}
    assert clinc150.draw_task(dataset, shots=2, out_of_scope=1, intents=2, seed=0) == task
    assert not set(task.texts) & {text for text, _ in task.train}


@pytest.mark.parametrize(("shots", "out_of_scope"), [(5, 1), (2, 4)])
def test_more_examples_than_there_are_is_an_error(dataset: Path, shots: int, out_of_scope: int) -> None:
    with pytest.raises(UnreadableFile, match="fewer examples"):
        clinc150.draw_task(dataset, shots=shots, out_of_scope=out_of_scope, intents=0, seed=0)


def test_what_is_no_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"train_val\.json\.gz"):
        clinc150.draw_task(tmp_path, shots=1, out_of_scope=0, intents=0, seed=0)
    with pytest.raises(UnreadableFile, match=r"goals\.json\.gz"):
        webshop.read_goals(tmp_path)


def test_a_refused_line_in_scope_is_wrong_and_outside_it_right() -> None:
    test = [("a", "pay"), ("b", "eat"), ("c", "out_of_scope"), ("d", "out_of_scope")]
    parsed = [
        answered("pay", "pay", "eat"),
        answered("nlu_fallback", "nlu_fallback", "eat", "pay"),
        answered("out_of_scope", "out_of_scope", "eat"),
        answered("pay", "pay"),
    ]
    row = clinc150.score("ours", test, parsed)
    assert (row["accuracy"], row["accuracy_unrefused"]) == (0.5, 1.0)
    assert (row["oos_recall"], row["false_rejection"]) == (0.5, 0.5)
    assert row["ci"]["accuracy"] == [0.0, 1.0]


def test_arms_are_compared_on_the_same_lines_in_scope() -> None:
    test = [("a", "pay"), ("b", "eat"), ("c", "out_of_scope")]
    right = [answered("pay"), answered("eat"), answered("pay")]
    wrong = [answered("eat"), answered("eat"), answered("out_of_scope")]
    assert clinc150.compare(test, right, wrong)["difference"] == 0.5
    assert clinc150.compare(test, right, right) == {"measure": "accuracy", "difference": 0.0, "ci": [0.0, 0.0]}


def test_an_arm_that_was_kept_is_not_trained_again(tmp_path: Path) -> None:
    class Side:
        threads, trainings = 1, 0

        def train(self, pipeline: Any, rows: Any) -> Any:
            self.trainings += 1
            return type("Trained", (), {"model": "m", "train_s": 1.0, "train_cpu_s": 1.0, "peak_memory_mib": 2.0})

        def read(self, model: Any, texts: Any) -> Any:
            return type("Answers", (), {"parsed": [answered("pay")] * len(texts), "peak_memory_mib": 3.0})

    task = clinc150.Task([("x", "pay")], [("a", "pay")])
    side = Side()
    first = clinc150.run_arm("diet", DIET, task, side, tmp_path / "kept.json")  # type: ignore[arg-type]
    again = clinc150.run_arm("diet", DIET, task, side, tmp_path / "kept.json")  # type: ignore[arg-type]
    assert side.trainings == 1
    assert again == first
    report = clinc150.report(tmp_path, task, {"shots": 1}, {"ours": first, "diet": again})
    assert report["models"][0]["train_s"] == 1.0
    assert report["paired"][0]["against"] == "diet"


def test_pipelines() -> None:
    names = [one["name"] for one in ours()]
    without = [one["name"] for one in ours(lexicon=False)]
    assert [name for name in names if name not in without] == ["rasa_addons.entity_extractor.LexiconEntityExtractor"]
    assert is_stock(DIET)
    assert not is_stock(ours())
    changed = [one for one in overridden(ours(), {"C": 3}) if one not in ours()]
    assert [(one["name"].rsplit(".")[-1], one["C"]) for one in changed] == [("LinearIntentClassifier", 3)]
    with pytest.raises(BenchFailed):
        overridden([{"name": "WhitespaceTokenizer"}], {"C": 3})


def test_an_answer_is_read_as_from_a_running_server() -> None:
    text = "returns in grey"
    parsed = {"text": text, **said("faq/returns", 0.7, entity(text, "grey", "colour", "grey")), "seconds": 0.5}
    read = reading(parsed)
    assert (read.intent, read.confidence, read.seconds) == ("faq/returns", 0.7, 0.5)
    assert [str(mention) for mention in read.mentions] == ["colour=grey"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the interpreter")
def test_a_step_that_fails_says_why(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such component\nexit 3\n", "utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(BenchFailed, match=r"(?s)code 3.*no such component"):
        RasaSide(tmp_path / "work", python=python).read(tmp_path / "model", ["hello"])


def test_the_lexicon_learns_the_colours_that_it_lacks_and_keeps_its_own() -> None:
    widened = webshop.with_colours(COLOURS)
    of = {form: entry.value for entry in widened.values for form in entry.forms}
    assert of["gray"] == "grey"
    assert of["navy"] == "navy blue"
    assert len([form for entry in widened.values for form in entry.forms]) == len(of)
    assert len(COLOURS.values) == 1


@pytest.mark.parametrize(("said_colour", "value"), [("gray", "grey"), ("Very Light gray", "grey"), ("gray b-7", None)])
def test_a_colour_is_compared_as_the_lexicon_calls_it(said_colour: str, value: str | None) -> None:
    assert webshop.canonical(COLOURS, said_colour) == value


def utterance(text: str, *mentions: Mention) -> Utterance:
    """A line of an annotated file."""
    return Utterance(id=text, text=text, intent="search_products", entities=mentions, catalogue="W")


def colour(text: str, value: str) -> Mention:
    """A colour as annotated."""
    start = text.index(value)
    return Mention(entity="colour", value=value, start=start, end=start + len(value))


def test_lines_with_a_colour_that_the_lexicon_does_not_know_are_told() -> None:
    known, unknown = "a light gray mug", "a mug in moondust"
    lines, ids = webshop.compared(
        [utterance(known, colour(known, "light gray")), utterance(unknown, colour(unknown, "moondust"))], COLOURS
    )
    assert [line.entities[0].value for line in lines] == ["grey", "moondust"]
    assert ids == {unknown}


def test_every_clause_adds_prices_where_they_stand() -> None:
    lines = webshop.with_prices([utterance(f"mug number {n}.") for n in range(len(webshop.PRICE_CLAUSES))], seed=0)
    for line, (_, roles) in zip(lines, webshop.PRICE_CLAUSES, strict=True):
        assert [mention.role for mention in line.entities] == list(roles)
        assert all(line.text[one.start : one.end] == str(one.value) for one in line.entities)


def test_only_price_and_colour_are_compared() -> None:
    text = "a gray mug, no more than 30 bucks"
    line = utterance(text, colour(text, "gray"))
    right = reading({**said("search_products", 0.9, entity(text, "gray", "colour", "gray"),
                            entity(text, "mug", "category", "mugs")), "seconds": 0.1})  # fmt: skip
    assert webshop.constraints("x", [line], [right])["entity_f1"] == 1.0
    wrong = reading({**said("search_products", 0.9, entity(text, "30", "price", 30)), "seconds": 0.1})
    found = webshop.constraints("x", [line], [wrong])
    assert found["entity_f1"] == 0.0
    assert found["mistakes"][0]["missed"] == ["colour=gray"]


def test_the_whole_report_of_goals() -> None:
    text = "a gray mug"

    def ask(texts: list[str]) -> list[Any]:
        assert len(texts) == 2 + 1 + 1
        return [reading({**said("search_products" if n else "greet"), "seconds": 0.1}) for n in range(len(texts))]

    report = webshop.measure(ask, ["hello", "a pan"], [utterance(text, colour(text, "gray"))], COLOURS, seed=0)
    assert report["intents"]["search_products"] == 0.5
    assert report["intents"]["taken_for"]["greet"] == 0.5
    assert report["intents"]["mistakes"] == [{"text": "hello", "got": "greet", "confidence": 0.9}]
    assert [row["model"] for row in report["models"]] == ["as written", "known colours", "with a price"]
    json.dumps(report)
