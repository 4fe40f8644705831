"""What refusing sooner or later would gain and cost, on rankings few enough to reckon by hand."""

import pytest

from shopguide.evaluation.intents import Heard, IntentScores
from shopguide.evaluation.parsing import Reading
from shopguide.evaluation.rejection import with_shift, with_threshold
from shopguide.evaluation.utterances import Utterance
from tests.unit.evaluation.fakes import FakeDialogue, said


def reading(*ranking: tuple[str, float]) -> Reading:
    return Reading(*ranking[0], mentions=(), ranking=ranking)


def line(intent: str, *readings: Reading, also: tuple[str, ...] = ()) -> Heard:
    utterance = Utterance(id=intent, text="said", intent=intent, entities=(), catalogue="G", also=also)
    return Heard(utterance, readings)


DOUBTED = reading(("greet", 0.6), ("out_of_scope", 0.3), ("deny", 0.1))  # refused from ln 2 = 0.69 on
CLOSE = reading(("help", 0.5), ("out_of_scope", 0.4), ("greet", 0.1))  # from ln 5/4 = 0.22 on
FOREIGN = reading(("out_of_scope", 0.5), ("greet", 0.3), ("deny", 0.2))  # down to ln 3/5 = -0.51
LACKING = reading(("deny", 0.25), ("greet", 0.2))
SETTLED = reading(("out_of_scope", 1.0))
UNSURE = reading(("out_of_scope", 0.7), ("greet", 0.3), ("deny", 0.25), ("thank", 0.15))  # the server's threshold

SIX = IntentScores(
    "six",
    [
        line("greet", DOUBTED),
        line("out_of_scope", CLOSE),
        line("out_of_scope", FOREIGN),
        line("deny", LACKING),
        line("thank", SETTLED),
        line("greet", UNSURE),
    ],
)


def points(name: str) -> dict[float, tuple[float, float, float]]:
    """The curve by its steps: out-of-scope recall, false rejection, intent accuracy."""
    step = name.removesuffix("s")
    figures = ("oos_recall", "false_rejection", "intent_accuracy")
    return {point[step]: tuple(point[figure] for figure in figures) for point in SIX.rejection_curve()[name]}


def test_shifts_weigh_out_of_scope_anew() -> None:
    found = points("shifts")
    assert list(found) == [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    none_but_refused = (0.0, 2 / 4, round(2 / 6, 4))
    as_it_is = (1 / 2, 2 / 4, 3 / 6)
    assert found[-1] == found[-0.75] == none_but_refused
    assert found[-0.5] == found[-0.25] == found[0] == as_it_is
    assert found[0.25] == found[0.5] == (1.0, 2 / 4, round(4 / 6, 4))
    assert found[0.75] == found[2] == (1.0, 3 / 4, 3 / 6)


def test_no_shift_is_what_was_measured() -> None:
    row = SIX.row()
    assert points("shifts")[0] == (row["oos_recall"], row["false_rejection"], row["intent_accuracy"])


def test_thresholds_replace_the_servers_own() -> None:
    found = points("thresholds")
    assert list(found) == [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]
    assert found[0] == found[0.25] == (1 / 2, 1 / 4, round(4 / 6, 4))
    assert found[0.3] == (1 / 2, 2 / 4, 3 / 6)
    assert found[0.35] == found[0.5] == (1 / 2, 3 / 4, round(2 / 6, 4))
    assert found[0.55] == found[0.6] == (1.0, 3 / 4, 3 / 6)


@pytest.mark.parametrize(
    "refused",
    [
        UNSURE,
        reading(("out_of_scope", 0.4), ("greet", 0.5999), ("deny", 0.0001)),  # a high threshold, nothing else likely
        reading(("nlu_fallback", 0.65), ("greet", 0.35), ("out_of_scope", 0.3), ("deny", 0.2)),  # Rasa's classifier
    ],
)
def test_what_the_server_refused_for_its_confidence_stays_so_under_shifts_and_not_under_thresholds(
    refused: Reading,
) -> None:
    assert [with_shift(refused, shift) for shift in (-1, 0, 2)] == [refused.intent] * 3
    assert (with_threshold(refused, 0.3), with_threshold(refused, 0.65)) == ("greet", "out_of_scope")


@pytest.mark.parametrize("top", [0.55, 0.9, 0.9999999])
def test_out_of_scope_that_the_model_itself_is_sure_of_is_no_such_refusal(top: float) -> None:
    sure = reading(("out_of_scope", top), ("greet", 1 - top))
    assert with_threshold(sure, 0.0) == "out_of_scope"
    assert with_shift(sure, -1) == ("greet" if top < 0.7 else "out_of_scope")


def test_a_server_that_lists_nothing_is_taken_at_its_word() -> None:
    greeted, refused = Reading("greet", 0.4, ()), Reading("out_of_scope", 0.4, ())
    assert (with_shift(greeted, 2), with_shift(refused, -1)) == ("greet", "out_of_scope")
    assert (with_threshold(greeted, 0.4), with_threshold(greeted, 0.45)) == ("greet", "out_of_scope")


def test_lines_count_once_and_what_is_right_too_is_no_false_rejection() -> None:
    found = IntentScores(
        "two",
        [line("greet", DOUBTED, reading(("greet", 1.0))), line("thank", SETTLED, also=("out_of_scope",))],
    ).rejection_curve()["shifts"]
    assert found[-1] == {"shift": 2, "oos_recall": None, "false_rejection": 0.5 / 2, "intent_accuracy": 1.5 / 2}


def test_a_ranking_is_read_with_whole_names_also_from_rasas_own_classifiers() -> None:
    ranked = [{"name": "faq/returns", "confidence": 0.6}, {"name": "faq/shipping", "confidence": 0.4}]
    bare = [{"name": "faq", "confidence": 0.6}, {"name": "greet", "confidence": 0.4}]
    fake = FakeDialogue(
        {
            "ours": {**said("faq/returns", 0.6), "intent_ranking": ranked},
            "stock": {**said("faq/returns", 0.6), "intent_ranking": bare},
        }
    )
    with fake.parser() as parser:
        assert parser.parse("ours").ranking == (("faq/returns", 0.6), ("faq/shipping", 0.4))
        assert parser.parse("stock").ranking == (("faq/returns", 0.6), ("greet", 0.4))
        assert parser.parse("nothing listed").ranking == ()


def test_confidences_that_are_no_shares_of_one_are_no_refusal_either() -> None:
    apart = reading(("greet", 0.8), ("deny", 0.7), ("out_of_scope", 0.3))
    assert (with_shift(apart, 0), with_shift(apart, 1), with_threshold(apart, 0.75)) == (
        "greet",
        "out_of_scope",
        "greet",
    )
