"""Every response that an action can choose is in the domain, says something, and has its braces filled."""

import ast
import re
from pathlib import Path

import yaml

DOMAIN = yaml.safe_load(Path("domain.yml").read_text())
SOURCES = sorted(Path("actions").glob("*.py"))


def chosen() -> set[str]:
    """Return the names of responses that stand in the actions' code."""
    texts = {
        node.value
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if re.fullmatch(r"utter_\w+[a-z]", text)}


def test_every_response_an_action_names_exists() -> None:
    prefixes = {"utter_search_ask", "utter_product", "utter_action"}
    # Beginnings of names, and Rasa's own key.
    assert {name for name in chosen() if name not in DOMAIN["responses"]} <= prefixes
    from actions.presenting import ASKED_BY_NAME

    for facet in ASKED_BY_NAME:
        assert f"utter_search_ask_{facet}" in DOMAIN["responses"]
    for verdict in ("liked", "disliked"):
        assert f"utter_product_{verdict}" in DOMAIN["responses"]


def test_every_response_varies_but_rasas_own() -> None:
    for name, variations in DOMAIN["responses"].items():
        if name != "utter_default":
            texts = [variation["text"] for variation in variations]
            assert len(set(texts)) >= 2, name


def test_variations_of_a_response_need_the_same_words() -> None:
    for name, variations in DOMAIN["responses"].items():
        braces = [set(re.findall(r"{(\w+)}", variation["text"])) for variation in variations]
        # A variation may leave a word out, but never ask for one that the others do not get.
        known = {
            "lead",
            "options",
            "facet",
            "note",
            "noun",
            "summary",
            "distinct",
            "lines",
            "need",
            "total",
            "direction",
        }
        known |= {"consent", "values", "link"}
        known |= {"title", "facts", "description", "reasons", "places", "tastes", "name", "count", "thing"}
        # Comparisons, reviews, stock and reductions.
        known |= {"titles", "answer", "differences", "same", "verdict", "left_out"}
        known |= {"stars", "mean", "few", "aspects", "quotes", "rating"}
        known |= {"nearest", "wanted", "choices", "variant", "left", "price", "list_price", "percent", "until"}
        assert set.union(*braces) <= known, name


def test_slates_of_different_acts_are_not_worded_alike() -> None:
    """A search, the next page and a critique follow each other: their sentences must differ, too."""
    keys = ("utter_search_slate", "utter_search_more", "utter_critique_slate")
    frames = [variation["text"] for key in keys for variation in DOMAIN["responses"][key]]
    assert len(set(frames)) == len(frames)
    assert all(len(DOMAIN["responses"][key]) >= 3 for key in keys)


def test_nothing_found_says_so() -> None:
    for name in ("utter_search_nothing_found", "utter_search_sold_out", "utter_search_nothing_at_all"):
        for variation in DOMAIN["responses"][name]:
            assert "{need}" in variation["text"]
            assert re.search(r"couldn't find|don't have|[Nn]othing", variation["text"])


def test_every_intent_has_a_rule() -> None:
    rules = "\n".join(path.read_text() for path in Path("data/rules").glob("*.yml"))
    served = set(re.findall(r"- intent: (\w+)", rules))
    assert served - {"nlu_fallback"} == {next(iter(i)) if isinstance(i, dict) else i for i in DOMAIN["intents"]}
