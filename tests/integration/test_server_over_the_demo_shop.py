"""The guide server with its real parts over the demo shop: import, index, guide, actions; nothing trained."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from shopguide.bootstrap import get_shop
from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.server.app import create_app
from shopguide.settings import get_settings
from tests.support.shop import API_KEY, CHAT_SECRET

KEY = {"X-API-Key": API_KEY}
SCHEMA = json.loads(Path("shopguide/conversation/schemas/slate.json").read_text())


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("shop")
    settings = {
        "DATABASE_URL": f"sqlite:///{folder / 'shop.db'}",
        "TEXT_INDEX_DIR": str(folder / "text"),
        "LEXICON_PATH": str(folder / "lexicon.jsonl"),
        "MODELS_DIR": str(folder / "models"),
        "API_KEY": API_KEY,
        "CHAT_SECRET": CHAT_SECRET,
    }
    # In the environment, because the actions find the shop there.
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"SHOPGUIDE_{name}", value)
        get_settings.cache_clear()
        get_shop.cache_clear()
        shop = get_shop()
        import_catalogue(shop.products, Path("demo/catalogue.jsonl.gz"), load_mapping(Path("demo/mapping.yml")))
        with TestClient(create_app(shop)) as client:
            deadline = time.monotonic() + 60
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < deadline, client.get("/readyz").text
                time.sleep(0.1)
            yield client
        shop.catalogue.close()
        shop.database.close()
    get_settings.cache_clear()
    get_shop.cache_clear()


def recommend(client: TestClient, **need: Any) -> dict[str, Any]:
    answer = client.post("/v1/recommendations", json=need, headers=KEY)
    assert answer.status_code == 200, answer.text
    slate: dict[str, Any] = answer.json()
    jsonschema.validate(slate, SCHEMA)
    return slate


def test_recommendations_are_slates_that_keep_their_constraints(client: TestClient) -> None:
    price = {"facet": "price", "op": "<=", "value": 60}
    brand = {"facet": "brand", "op": "not in", "values": ["Stridewell"]}
    slate = recommend(client, query="running shoes", constraints=[price, brand], k=8)
    assert len(slate["items"]) == 8
    assert all(item["price"] <= 60 and item["brand"] != "Stridewell" for item in slate["items"])
    assert any("running" in item["title"].lower() for item in slate["items"])
    assert slate["degraded"] == "model_missing", "nothing is trained, and the slate says so"
    first = slate["items"][0]["sku"]
    again = recommend(client, query="running shoes", constraints=[price, brand], k=8, exclude=[first])
    assert first not in [item["sku"] for item in again["items"]]


def test_similar_products_leave_out_the_product_itself(client: TestClient) -> None:
    sku = recommend(client, query="backpack", k=1)["items"][0]["sku"]
    assert client.get(f"/v1/products/{sku}", headers=KEY).json()["sku"] == sku
    slate = client.get(f"/v1/products/{sku}/similar?k=4", headers=KEY).json()
    jsonschema.validate(slate, SCHEMA)
    skus = [item["sku"] for item in slate["items"]]
    assert len(set(skus)) == 4
    assert sku not in skus
    assert client.get("/v1/products/none/similar", headers=KEY).status_code == 404


def test_what_a_shopper_buys_shows_in_their_profile(client: TestClient) -> None:
    item = recommend(client, query="mug", k=1, shopper_id="ann")["items"][0]
    purchase = {"event_id": "p1", "kind": "purchase", "shopper_id": "ann", "sku": item["sku"]}
    body = purchase | {"at": datetime.now(UTC).isoformat()}
    assert client.post("/v1/events", json=body, headers=KEY).json()["accepted"] == 1
    tastes = client.get("/v1/shoppers/ann/profile", headers=KEY).json()["tastes"]
    assert tastes["brand"][item["brand"].lower()] > 0


def test_an_action_of_the_project_runs_behind_the_webhook(client: TestClient) -> None:
    names = {entry["name"] for entry in client.get("/actions").json()}
    assert {"action_search", "validate_search_form", "action_show_more"} <= names
    entities = [{"entity": "category", "value": "backpacks"}, {"entity": "price", "value": 80, "role": "max"}]
    message = {"text": "backpacks under 80", "intent": {"name": "search_products"}, "entities": entities}
    call = {
        "next_action": "action_search",
        "sender_id": "web-test",
        "version": "3.6.21",
        "domain": {"slots": {}, "responses": {}},
        "tracker": {
            "sender_id": "web-test",
            "slots": {"category": ["backpacks"], "price_max": 80},
            "latest_message": message,
            "latest_input_channel": "socketio",
            "events": [{"event": "user", **message}],
            "paused": False,
            "active_loop": {},
        },
    }
    answer = client.post("/webhook", json=call)
    assert answer.status_code == 200, answer.text
    slate = next(response["custom"] for response in answer.json()["responses"] if response["custom"])
    jsonschema.validate(slate, SCHEMA)
    assert slate["items"]
    assert all(item["price"] <= 80 for item in slate["items"])
    assert any(event.get("name") == "current_slate" for event in answer.json()["events"])
