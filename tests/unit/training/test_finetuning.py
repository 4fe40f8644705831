"""The loop that teacher and student share, on one tiny layer."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shopguide.recommender.reranker import PairTokenizer
from shopguide.training.finetuning import Tuning, by_labels, by_teacher, fine_tune, load_model, without_layers
from shopguide.training.needs import Group
from shopguide.training.unfinished import Unfinished
from tests.unit.recommender.tiny import save_tiny_reranker

GROUPS = [
    Group("red lamp", ("red lamp", "blue shoes", "green shirt")),
    Group("blue shoes", ("blue shoes", "red lamp", "green shirt")),
    Group("green shirt", ("green shirt", "blue shoes", "red lamp")),
]
QUICK = Tuning(1.0, 1, learning_rate=3e-3, head_learning_rate=3e-3, frozen_layers=0, warm_up=0.1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_reranker(tmp_path_factory.mktemp("tiny"))


def batches(done: int) -> Iterator[list[Group]]:
    while True:
        yield GROUPS


def logits_of(model, pairs: PairTokenizer) -> np.ndarray:
    import torch

    tokens = pairs.batch([(pairs.tokens(g.need, 8), pairs.product(text)) for g in GROUPS for text in g.products])
    with torch.inference_mode():
        return model.eval()(**tokens).logits[:, 0].numpy()


def test_a_student_comes_to_the_margins_of_its_teacher(tiny: Path, tmp_path: Path) -> None:
    import torch

    torch.manual_seed(0)
    pairs, teacher = PairTokenizer(tiny), load_model(tiny)
    before = logits_of(teacher, pairs)
    done = fine_tune(teacher, batches, by_labels, pairs, QUICK)
    assert done.steps > 3 and done.groups == 3 * done.steps and done.used >= 1
    after = logits_of(teacher, pairs)
    # The first text of each group answers.
    assert (after.reshape(3, 3)[:, :1] - after.reshape(3, 3)[:, 1:]).mean() > 2 * abs(
        (before.reshape(3, 3)[:, :1] - before.reshape(3, 3)[:, 1:]).mean()
    )
    teacher.requires_grad_(False)
    student = load_model(save_tiny_reranker(tmp_path / "other", seed=5))

    def distance() -> float:
        own, meant = logits_of(student, pairs).reshape(3, 3), logits_of(teacher, pairs).reshape(3, 3)
        return float(np.square((own[:, :1] - own[:, 1:]) - (meant[:, :1] - meant[:, 1:])).mean())

    far = distance()
    fine_tune(student, batches, by_teacher(teacher), pairs, QUICK)
    assert distance() < 0.5 * far
    assert np.array_equal(logits_of(teacher, pairs), after)


def test_frozen_layers_and_token_embeddings_stay_as_they_are(tiny: Path) -> None:
    model = load_model(tiny)
    kept = {name: value.clone() for name, value in model.named_parameters()}
    frozen = Tuning(0.3, 1, 3e-3, 3e-3, frozen_layers=1, warm_up=0.1)
    fine_tune(model, batches, by_labels, PairTokenizer(tiny), frozen)
    changed = {name for name, value in model.named_parameters() if not bool((value == kept[name]).all())}
    assert changed and all(not name.startswith(("bert.embeddings", "bert.encoder.layer.0")) for name in changed)


def test_a_shallower_copy_has_the_chosen_layers_and_leaves_the_model_alone(tiny: Path) -> None:
    model = load_model(tiny)
    nothing = without_layers(model, [])
    twice = without_layers(model, [0, 0])
    assert (nothing.config.num_hidden_layers, twice.config.num_hidden_layers) == (0, 2)
    assert len(model.base_model.encoder.layer) == model.config.num_hidden_layers == 1


def test_an_interrupted_training_goes_on_where_it_was(tiny: Path, tmp_path: Path) -> None:
    pairs = PairTokenizer(tiny)

    class Interrupted(Exception):
        pass

    asked: list[int] = []

    def until_the_fifth(done: int) -> Iterator[list[Group]]:
        asked.append(done)
        for _ in range(5):
            yield GROUPS
        raise Interrupted

    long = Tuning(60.0, 1, 3e-3, 3e-3, frozen_layers=0, warm_up=0.1)
    kept = Unfinished(tmp_path / "teacher", "data-1")
    first = load_model(tiny)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shopguide.training.finetuning.SAVED_EVERY", 0.0)
        with pytest.raises(Interrupted):
            fine_tune(first, until_the_fifth, by_labels, pairs, long, unfinished=kept)
        second = load_model(tiny)
        assert not np.allclose(logits_of(first, pairs), logits_of(second, pairs))
        with pytest.raises(Interrupted):
            fine_tune(second, until_the_fifth, by_labels, pairs, long, unfinished=kept)
        # Of other data nothing is taken up.
        with pytest.raises(Interrupted):
            fine_tune(
                load_model(tiny),
                until_the_fifth,
                by_labels,
                pairs,
                long,
                unfinished=Unfinished(tmp_path / "teacher", "data-2"),
            )
    assert asked == [0, 5, 0]


def test_a_broken_state_is_as_good_as_none(tiny: Path, tmp_path: Path, caplog) -> None:
    kept = Unfinished(tmp_path / "teacher", "data-1")
    model, quick = load_model(tiny), Tuning(0.1, 1, 1e-4, 1e-3, 0, 0.1)
    fine_tune(model, batches, by_labels, PairTokenizer(tiny), quick, unfinished=kept)
    state = tmp_path / "teacher" / "state.pt"
    state.write_bytes(state.read_bytes()[:100])
    done = fine_tune(load_model(tiny), batches, by_labels, PairTokenizer(tiny), quick, unfinished=kept)
    assert done.steps >= 1 and "from the beginning" in caplog.text
    kept.clear()
    assert not state.exists()
