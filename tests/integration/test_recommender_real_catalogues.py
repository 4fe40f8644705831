"""No slate breaks a hard constraint: random needs over the real catalogues, where they are at hand."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint, Op
from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import Sku
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import RecommendationRequest
from shopguide.settings import Settings
from tests.unit.recommender.synthetic import FakeCatalogue, FakeFeedback, FakeProfiles

ROOT = Path(__file__).parents[2]
DATASETS = ROOT.parent / "shared" / "datasets"
CATALOGUES = {
    "demo": (ROOT / "demo" / "catalogue.jsonl.gz", ROOT / "demo" / "mapping.yml"),
    "fashion": (DATASETS / "fashion_styles" / "styles.csv.gz", ROOT / "mappings" / "fashion_styles.yml"),
    "icecat": (DATASETS / "icecat" / "products.jsonl.gz", ROOT / "mappings" / "icecat.yml"),
}
NEEDS = 60

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=list(CATALOGUES))
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CatalogueIndex:
    feed, mapping = CATALOGUES[request.param]
    for path in (feed, mapping):
        if not path.exists():
            pytest.skip(f"{path.name} is not here")
    from shopguide.catalogue.feed.importer import import_catalogue
    from shopguide.catalogue.feed.mapping import load_mapping
    from shopguide.catalogue.store import ProductStore
    from shopguide.db.engine import Database

    database = Database(f"sqlite:///{tmp_path_factory.mktemp(request.param)}/shop.db")
    database.migrate()
    store = ProductStore(database)
    import_catalogue(store, feed, load_mapping(mapping))
    revision, _, products = store.snapshot()
    database.close()
    return CatalogueIndex(products, revision)


def random_needs(index: CatalogueIndex, source: random.Random) -> Iterator[RecommendationRequest]:
    """Draw needs from what the catalogue has, so that most of them leave something."""
    texts = [facet for facet, info in index.facets.items() if info.kind != "number"]
    numbers = [facet for facet, info in index.facets.items() if info.kind == "number"]
    for _ in range(NEEDS):
        row = source.randrange(len(index))
        constraints: list[Constraint] = []
        for facet in source.sample(texts, min(len(texts), source.randrange(4))):
            values = index.values(facet, row)
            if values:
                op: Op = "in" if source.random() < 0.7 else "not in"
                constraints.append(Constraint(facet, op, (source.choice(values),)))
        if numbers and source.random() < 0.5:
            facet = source.choice(numbers)
            known = index.numeric(facet)
            known = known[~np.isnan(known)]
            op = "<=" if source.random() < 0.5 else ">="
            constraints.append(Constraint(facet, op, value=float(source.choice(known.tolist()))))
        title = index.product(index.skus[row]).title.split()
        yield RecommendationRequest(
            constraints=tuple(constraints),
            query=" ".join(source.sample(title, min(2, len(title)))) if source.random() < 0.5 else "",
            k=source.randrange(1, 11),
            exclude=frozenset(source.sample(index.skus, 20)),
            anchor=source.choice([None, source.choice(index.skus)]),
        )


def test_no_slate_breaks_a_constraint(index: CatalogueIndex, tmp_path: Path) -> None:
    settings = Settings(models_dir=tmp_path)
    recommender = Recommender(FakeCatalogue(index), FakeProfiles(), FakeFeedback(), settings)  # type: ignore[arg-type]
    answered = 0
    for request in random_needs(index, random.Random(11)):
        answer = recommender.recommend(request)
        shown = [item.sku for item in answer.items]
        answered += bool(shown)
        assert len(set(shown)) == len(shown) <= request.k
        assert not {*request.exclude, request.anchor} & set(shown)
        for sku in shown:
            assert index.product(sku).in_stock
            for constraint in request.constraints:
                assert holds(index, constraint, sku), (sku, constraint)
    assert answered > NEEDS / 2


def holds(index: CatalogueIndex, constraint: Constraint, sku: Sku) -> bool:
    """Judge by the product's own values; `satisfying` only says which values answer for which."""
    row = index.row(sku)
    if constraint.op in ("<=", ">="):
        assert constraint.value is not None
        own = float(index.numeric(constraint.facet)[row])
        return own <= constraint.value if constraint.op == "<=" else own >= constraint.value
    values = set(index.values(constraint.facet, row))
    if constraint.op == "not in":
        return not values & set(constraint.values)
    return any(values & index.satisfying(constraint.facet, value) for value in constraint.values)
