"""Schemathesis makes up requests from the API's own schema: none fails inside, and every answer is what it promises.

About a minute. `SHOPGUIDE_FUZZ_EXAMPLES=500` tries longer, `SHOPGUIDE_FUZZ_SEED=…` elsewhere.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.python.asgi import shutdown_lifespans

from shopguide.bootstrap import Shop
from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.feedback.events import Slate, SlateItem
from shopguide.ids import ConversationId, SlateId
from shopguide.server.app import create_app
from shopguide.server.security import ChatTokens
from shopguide.settings import Settings
from tests.support.shop import API_KEY, CHAT_SECRET, migrated_sqlite

EXAMPLES = int(os.environ.get("SHOPGUIDE_FUZZ_EXAMPLES", "12"))
SEED = int(os.environ.get("SHOPGUIDE_FUZZ_SEED", "20"))
PRODUCTS = 60

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The schema of a server with its real parts over some of the demo shop's products; nothing is trained."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "shop.db").write_bytes(migrated_sqlite())
    no_actions = ModuleType("tests_fuzz_no_actions")
    no_actions.__path__ = []
    sys.modules[no_actions.__name__] = no_actions
    settings = Settings(
        _env_file=None,
        database_url=f"sqlite:///{folder / 'shop.db'}",
        text_index_dir=folder / "text",
        lexicon_path=folder / "lexicon.jsonl",
        models_dir=folder / "models",
        api_key=API_KEY,
        chat_secret=CHAT_SECRET,
        api_calls_per_minute=10**9,
    )
    shop = Shop(settings)
    import_catalogue(shop.products, Path("demo/catalogue.jsonl.gz"), load_mapping(Path("demo/mapping.yml")))
    shop.products.retire([product.sku for product in list(shop.products.products())[PRODUCTS:]])
    skus = [product.sku for product in shop.products.products()]
    shop.lexicon.write()
    conversation = ConversationId("web-fuzz")
    shop.feedback.log_slate(
        Slate(
            SlateId("slate"), None, conversation, datetime.now(UTC), "search", "p", "1", None, 1,
            (SlateItem(skus[0], 1),),
        )
    )  # fmt: skip
    token, _ = ChatTokens(CHAT_SECRET).issue(conversation)
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "generation": {"max-examples": EXAMPLES, "deterministic": "SHOPGUIDE_FUZZ_SEED" not in os.environ},
            # That a product contradicts itself or the catalogue ("colour": 5 where colours are words) is in no schema.
            "operations": [
                {
                    "include-path-regex": "/products",
                    "include-method": ["PUT", "PATCH"],
                    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]}},
                }
            ],
            "headers": {"X-API-Key": API_KEY, "Authorization": f"Bearer {token}"},
        }
    )
    yield schemathesis.openapi.from_asgi("/openapi.json", create_app(shop, actions=no_actions.__name__), config=config)
    shutdown_lifespans()
    shop.catalogue.close()
    shop.database.close()
    del sys.modules[no_actions.__name__]


def test_no_made_up_request_fails_inside_and_every_answer_is_what_the_schema_says(
    api: schemathesis.BaseSchema,
) -> None:
    cases = 0
    wrong: dict[tuple[str, str], str] = {}
    for event in engine.from_schema(api).execute():
        if isinstance(event, events.ScenarioFinished):
            cases += len(event.recorder.interactions)
            for checks in event.recorder.checks.values():
                for check in checks:
                    if check.failure_info is not None:
                        found = check.failure_info
                        text = f"{found.failure.title}\n{found.failure.message}\n{found.code_sample}"
                        wrong.setdefault((event.recorder.label, found.failure.title), text)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong.setdefault((getattr(event, "label", ""), "error"), repr(event))
    assert not wrong, f"{len(wrong)} in {cases} cases\n\n" + "\n\n".join(
        f"{where}: {text}" for (where, _), text in wrong.items()
    )
    print(f"{cases:,} cases")  # noqa: T201  (pytest -s shows it)
    assert cases > 500
