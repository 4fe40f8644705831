"""`shopguide rank`."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from shopguide import bootstrap, cli
from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import ModelNotFound
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.pipeline import Recommender
from shopguide.settings import Settings
from shopguide.training.registry import Registry
from tests.unit.recommender.synthetic import FakeCatalogue, FakeFeedback, FakeProfiles, make_products
from tests.unit.recommender.tiny import save_tiny_reranker

ASKED = ["rank", "--query", "a blue velora", "--skus", "P001, P036,P001", "--where", "colour=blue"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(_env_file=None, models_dir=tmp_path / "models", torch_threads=1, rerank_deadline_ms=60_000)
    catalogue = FakeCatalogue(CatalogueIndex(make_products(), revision=1))
    recommender = Recommender(catalogue, FakeProfiles(), FakeFeedback(), settings)  # type: ignore[arg-type]
    monkeypatch.setattr(bootstrap, "get_shop", lambda: SimpleNamespace(recommender=recommender, settings=settings))
    return settings


@pytest.fixture
def trained(settings: Settings, tmp_path: Path) -> Settings:
    tiny = save_tiny_reranker(tmp_path / "tiny")
    registry = Registry(ModelFolder(settings.models_dir / "recommender"))
    with registry.draft() as draft:
        shutil.copytree(tiny, draft.part("reranker", {"digest": "r"}), dirs_exist_ok=True)
        registry.publish(draft)
    return settings


def test_stages_and_words_in_json(trained: Settings, tmp_path: Path) -> None:
    picture = tmp_path / "words.svg"
    result = CliRunner().invoke(cli.build_app(), [*ASKED, "--explain", "--svg", str(picture), "--json"])
    assert result.exit_code == 0, result.output
    first, second = json.loads(result.output)
    assert (first["sku"], first["place"], second["sku"], second["place"]) == ("P001", 1, "P036", None)
    # The wanted value stands in the words already.
    assert [word["text"] for word in first["words"] if word["side"] == "need"] == ["a", "blue", "velora"]
    assert picture.read_text("utf-8").startswith("<svg")


def test_the_table_shows_the_words_on_request(trained: Settings) -> None:
    plain = CliRunner().invoke(cli.build_app(), ASKED, env={"COLUMNS": "200"})
    assert plain.exit_code == 0 and "(P036)" in plain.output and "need " not in plain.output
    told = CliRunner().invoke(cli.build_app(), [*ASKED, "--explain"], env={"COLUMNS": "200"})
    assert "need    a blue velora" in told.output


def test_without_a_reranker_there_is_nothing_to_explain(settings: Settings) -> None:
    assert CliRunner().invoke(cli.build_app(), ASKED).exit_code == 0
    result = CliRunner().invoke(cli.build_app(), [*ASKED, "--explain"])
    assert isinstance(result.exception, ModelNotFound)


def test_a_product_must_be_named(settings: Settings) -> None:
    assert CliRunner().invoke(cli.build_app(), ["rank", "--query", "x", "--skus", " , "]).exit_code == 2
