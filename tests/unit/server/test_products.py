"""The catalogue by the API, over a real catalogue: what a shop puts there can be sold within seconds."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lexicon.entries import LexiconError, read
from shopguide.bootstrap import Shop
from shopguide.catalogue.product import Product
from shopguide.ids import Sku
from shopguide.server.app import create_app
from shopguide.settings import Settings
from tests.support.shop import API_KEY, CHAT_SECRET, migrated_sqlite

KEY = {"X-API-Key": API_KEY}
MUG = {
    "title": "Mug",
    "brand": "Kestrel",
    "category": ["Home", "Mugs"],
    "price": 7.5,
    "stock": 3,
    "facets": {"colour": ["Blue", "White"], "volume": 0.3, "dishwasher": True},
    "units": {"volume": "l"},
    "reviews": [{"rating": 5, "text": "Warm.", "written_at": "2026-01-01T10:00:00+01:00"}],
}
BOWL = Product(
    sku=Sku("bowl"), title="Bowl", brand="Osprey", category=("Home", "Bowls"), price=Decimal(9), currency="EUR",
    stock=1, facets={"colour": ("Red",), "volume": 0.5, "dishwasher": False}, units={"volume": "l"},
)  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "shop.db").write_bytes(migrated_sqlite())
    settings = Settings(
        _env_file=None,
        database_url=f"sqlite:///{tmp_path / 'shop.db'}",
        text_index_dir=tmp_path / "text",
        lexicon_path=tmp_path / "lexicon.jsonl",
        models_dir=tmp_path / "models",
        api_key=API_KEY,
        chat_secret=CHAT_SECRET,
        catalogue_poll_seconds=0.2,
    )
    shop = Shop(settings)
    shop.products.put([BOWL])
    yield shop
    shop.catalogue.close()
    shop.database.close()


@pytest.fixture
def client(shop: Shop, no_actions: str) -> TestClient:
    """A client without the threads of a started server."""
    return TestClient(create_app(shop, actions=no_actions), headers=KEY, raise_server_exceptions=False)


def errors(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["why"] for error in answer.json()["errors"]}


def test_a_product_put_read_put_again_and_retired(client: TestClient, shop: Shop) -> None:
    made = client.put("/v1/products/mug/1", json=MUG)
    assert made.status_code == 201
    body = client.get("/v1/products/mug/1").json()
    assert body == made.json() | {"reviews": body["reviews"]}
    assert body["reviews"][0]["written_at"] == "2026-01-01T09:00:00Z"
    assert (body["sku"], body["currency"], body["in_stock"], body["description"]) == ("mug/1", "EUR", True, "")
    assert shop.products.get(Sku("mug/1")).price == Decimal("7.5")
    assert client.put("/v1/products/mug/1", json=body).status_code == 200, "what is read can be put"
    revision = shop.products.revision()
    assert client.put("/v1/products/mug/1", json=body).status_code == 200
    assert shop.products.revision() == revision, "nothing changed"

    whole = client.put("/v1/products/mug/1", json={"title": "Cup"}).json()
    assert (whole["brand"], whole["category"], whole["facets"], whole["stock"]) == (None, [], {}, None)

    for _ in range(2):
        assert client.delete("/v1/products/mug/1").status_code == 204
    assert shop.products.count() == 1
    assert client.delete("/v1/products/none").status_code == 404
    assert client.patch("/v1/products/mug/1", json={"stock": 1}).status_code == 404
    assert client.put("/v1/products/mug/1", json=MUG).status_code == 201, "it comes back"


def test_values_are_read_as_an_import_reads_them(client: TestClient) -> None:
    sent = {
        "title": "  Mug \u0007 of\n stone ",
        "description": "<p>Heavy &amp; warm</p>",
        "category": ["Mugs", "mugs", "Stone mugs"],
        "price": 7.123456,
        "facets": {"colour": ["Blue", "blue ", "White"], "material": "Stone"},
    }
    body = client.put("/v1/products/m", json=sent).json()
    assert body["title"] == "Mug of stone"
    assert body["description"] == "Heavy & warm"
    assert body["category"] == ["Mugs", "Stone mugs"]
    assert body["price"] == 7.1235
    assert body["facets"] == {"colour": ["Blue", "White"], "material": ["Stone"]}


def test_a_patch_changes_what_it_names(client: TestClient) -> None:
    before = client.put("/v1/products/mug", json=MUG).json()
    assert before["group_id"] is None
    patch = {
        "group_id": "mugs",
        "price": 6,
        "stock": 0,
        "brand": None,
        "facets": {"colour": None, "material": ["Stone"], "volume": None},
    }
    merge = {**KEY, "Content-Type": "application/merge-patch+json"}
    answer = client.request("PATCH", "/v1/products/mug", json=patch, headers=merge)
    assert answer.status_code == 200, answer.text
    changed = {"group_id": "mugs", "price": 6.0, "stock": 0, "in_stock": False, "brand": None, "units": {}}
    changed["facets"] = {"dishwasher": True, "material": ["Stone"]}
    assert answer.json() == before | changed | {"reviews": answer.json()["reviews"]}
    assert len(answer.json()["reviews"]) == 1
    emptied = client.patch("/v1/products/mug", json={"facets": None, "reviews": None, "category": None}).json()
    assert (emptied["facets"], emptied["reviews"], emptied["category"]) == ({}, [], [])
    assert client.patch("/v1/products/mug", json={}).json() == emptied
    assert errors(client.patch("/v1/products/mug", json={"title": None})) == {"title": "missing"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n"}, "title"),
        ({"title": None}, "title"),
        ({"price": -1}, "price"),
        ({"price": 1e10}, "price"),
        ({"price": "7.50 EUR"}, "price"),
        ({"currency": "euro"}, "currency"),
        ({"stock": -1}, "stock"),
        ({"stock": 2**31}, "stock"),
        ({"stock": 1.5}, "stock"),
        ({"in_stock": False}, "in_stock"),
        ({"rating": 5.5}, "rating"),
        ({"image": "javascript:alert(1)"}, "image"),
        ({"url": " http://shop.test"}, "url"),
        ({"category": "Mugs"}, "category"),
        ({"category": [" "]}, "category.0"),
        ({"brand": "´"}, "brand"),
        ({"facets": {"Colour": "blue"}}, "facets.Colour"),
        ({"facets": {"price": 5}}, "facets.price"),
        ({"facets": {"shape": []}}, "facets.shape"),
        ({"facets": {"shape": [""]}}, "facets.shape"),
        ({"facets": {"shape": {"a": 1}}}, "facets.shape"),
        ({"facets": {"shape": None}}, "facets.shape"),
        ({"facets": {"shape": "x" * 201}}, "facets.shape"),
        ({"facets": {"weight": 1e300}}, "facets.weight"),
        ({"facets": {"colour": 5}}, "facets.colour"),
        ({"facets": {"volume": "large"}, "units": {}}, "facets.volume"),
        ({"facets": {"dishwasher": 1}}, "facets.dishwasher"),
        ({"units": {"volume": "ml"}}, "units.volume"),
        ({"units": {"volume": "l", "colour": "l"}}, "units.colour"),
        ({"reviews": [{"text": "a", "written_at": "2026-01-01T10:00:00"}]}, "reviews.0.written_at"),
        ({"sku": "other"}, "sku"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_cannot_be_a_product_names_the_field(
    client: TestClient, shop: Shop, change: dict[str, Any], field: str
) -> None:
    assert field in errors(client.put("/v1/products/mug", json=MUG | change))
    many = client.put("/v1/products", json={"products": [{**MUG, "sku": "cup"}, {**MUG, "sku": "mug"} | change]})
    assert many.status_code == 200, many.text
    body = many.json()
    assert body["created"] == (2 if field == "sku" else 1)
    if field != "sku":
        assert {(error["index"], error["field"]) for error in body["errors"]} >= {(1, field)}
        assert shop.products.count() == 2


def test_a_unit_that_the_catalogue_knows_need_not_be_said(client: TestClient) -> None:
    assert client.put("/v1/products/mug", json=MUG | {"units": {}}).json()["units"] == {"volume": "l"}


def test_the_only_product_with_a_facet_may_change_what_it_is(client: TestClient) -> None:
    assert client.patch("/v1/products/bowl", json={"facets": {"volume": "large"}}).status_code == 200


@pytest.mark.parametrize("sku", ["%20mug", "a%07b", "a%00b", "a%20%20b", "x" * 201])
def test_a_sku_that_nobody_could_name_is_refused(client: TestClient, sku: str) -> None:
    assert "sku" in errors(client.put(f"/v1/products/{sku}", json=MUG))


def test_many_products_one_bad_one(client: TestClient, shop: Shop) -> None:
    items = [
        {**MUG, "sku": "a"},
        {**MUG, "sku": "b", "price": -1, "rating": 9},
        {**MUG, "sku": "a"},
        MUG,
        {**MUG, "sku": "bowl"},
        {"sku": "c", "\ud800": 1},
    ]
    headers = {"Content-Type": "application/json"}
    answer = client.put("/v1/products", content=json.dumps({"products": items}), headers=headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["created"], body["updated"], body["unchanged"]) == (1, 1, 0)
    found = [(error["index"], error["sku"], error["field"]) for error in body["errors"]]
    assert found[:4] == [(1, None, "price"), (1, None, "rating"), (2, "a", "sku"), (3, None, "sku")]
    assert {index for index, _, _ in found[4:]} == {5}
    assert shop.products.count() == 2
    again = client.put("/v1/products", json={"products": items[:1]}).json()
    assert again == {"created": 0, "updated": 0, "unchanged": 1, "errors": []}


def test_a_sku_cannot_be_the_path_of_another_call(client: TestClient) -> None:
    body = client.put("/v1/products", json={"products": [{**MUG, "sku": "mug/similar"}]}).json()
    assert [error["field"] for error in body["errors"]] == ["sku"]


def test_many_patches(client: TestClient, shop: Shop) -> None:
    items = [
        {"sku": "bowl", "price": 8},
        {"sku": "none", "price": 8},
        {"sku": "bowl", "stock": 5},
        {"sku": "b", "price": -1},
        {"price": 3},
    ]
    body = client.patch("/v1/products", json={"products": items}).json()
    assert (body["created"], body["updated"], body["unchanged"]) == (0, 1, 0)
    found = [(error["index"], error["sku"], error["field"]) for error in body["errors"]]
    assert found == [(1, "none", "sku"), (2, "bowl", "sku"), (3, None, "price"), (4, None, "sku")]
    bowl = shop.products.get(Sku("bowl"))
    assert (bowl.price, bowl.stock) == (Decimal(8), 1)


def test_many_retired(client: TestClient, shop: Shop) -> None:
    client.put("/v1/products/mug/1", json=MUG)
    answer = client.delete("/v1/products", params={"sku": ["mug/1", "none", "mug/1"]})
    assert answer.json() == {"retired": 1, "not_on_sale": ["none"]}
    assert client.delete("/v1/products").status_code == 422
    assert shop.products.count() == 1


def test_patches_of_different_fields_do_not_lose_one_another(client: TestClient, shop: Shop) -> None:
    def patch(change: Callable[[int], dict[str, Any]]) -> None:
        for number in range(1, 16):
            assert client.patch("/v1/products/bowl", json=change(number)).status_code == 200

    changes: list[Callable[[int], dict[str, Any]]] = [
        lambda n: {"price": n},
        lambda n: {"stock": n},
        lambda n: {"facets": {"colour": [f"shade {n}"]}},
        lambda n: {"facets": {"material": [f"stone {n}"]}},
    ]
    threads = [threading.Thread(target=patch, args=(change,)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bowl = shop.products.get(Sku("bowl"))
    assert (bowl.price, bowl.stock) == (Decimal(15), 15)
    assert (bowl.facets["colour"], bowl.facets["material"]) == (("shade 15",), ("stone 15",))


def test_a_new_product_can_be_recommended_and_its_brand_understood_within_five_seconds(
    shop: Shop, no_actions: str
) -> None:
    def known() -> bool:
        try:
            words = {form for value in read(shop.settings.lexicon_path).values for form in value.forms}
        except LexiconError:
            return False
        return {"zephyrine", "turquoise"} <= words

    def recommended() -> bool:
        need = {"constraints": [{"facet": "brand", "values": ["Zephyrine"]}]}
        answer = client.post("/v1/recommendations", json=need, headers=KEY).json()
        return [item["sku"] for item in answer.get("items", [])] == ["new"]

    with TestClient(create_app(shop, actions=no_actions)) as client:
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not known()
        new = {**MUG, "brand": "Zephyrine", "facets": {"colour": "Turquoise"}, "units": {}}
        deadline = time.monotonic() + 5
        assert client.put("/v1/products/new", json=new, headers=KEY).status_code == 201
        while not (known() and recommended()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert client.delete("/v1/products/new", headers=KEY).status_code == 204
        while known() or recommended():
            assert time.monotonic() < deadline + 5
            time.sleep(0.05)
