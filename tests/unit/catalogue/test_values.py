"""Single cells: numbers in many spellings, flags, addresses."""

from decimal import Decimal

import pytest

from shopguide.catalogue.feed import values


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("59.90", "59.90"),
        ("59,90 €", "59.90"),
        ("1,299.00", "1299.00"),
        ("1.299,00 EUR", "1299.00"),
        ("1 299,5", "1299.5"),
        ("1'299.00", "1299.00"),
        ("1,299", "1299"),
        ("0,235 kg", "0.235"),
        ("1.299.000", "1299000"),
        ("$12", "12"),
        ("-3", "-3"),
        (12.5, "12.5"),
        (7, "7"),
    ],
)
def test_amounts(cell: object, amount: str) -> None:
    assert values.decimal_of(cell) == Decimal(amount)


@pytest.mark.parametrize(
    ("cell", "point", "amount"),
    [
        ("1,299", ",", "1.299"),
        ("1.299", ",", "1299"),
        ("1.299,5 €", ",", "1299.5"),
        ("1,299", ".", "1299"),
        ("12,5", ".", "125"),
        ("0,235", ",", "0.235"),
        (12.5, ",", "12.5"),
    ],
)
def test_a_feed_may_say_what_its_decimal_sign_is(cell: object, point: str, amount: str) -> None:
    assert values.decimal_of(cell, point) == Decimal(amount)


@pytest.mark.parametrize("cell", ["", "free", True, float("nan"), float("inf"), "-"])
def test_what_is_no_number(cell: object) -> None:
    with pytest.raises(ValueError, match="no number"):
        values.decimal_of(cell)


def test_flags_and_stock() -> None:
    assert values.flag_of("Yes")
    assert values.flag_of(True)
    assert not values.flag_of("out of stock")
    with pytest.raises(ValueError, match="neither"):
        values.flag_of("perhaps")
    assert [values.stock_of(cell) for cell in ("12", 3, "-2", "in stock", "no")] == [12, 3, 0, 1, 0]


def test_currencies() -> None:
    assert values.currency_in("12 €") == "EUR"
    assert values.currency_in("USD 12") == "USD"
    assert values.currency_in("12") is None


def test_addresses() -> None:
    assert values.address_of(" https://shop.example/a.jpg ") == "https://shop.example/a.jpg"
    assert values.address_of("img/a.svg") == "img/a.svg"
    for address in ("javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x"):
        with pytest.raises(ValueError, match="refused"):
            values.address_of(address)


def test_text_is_cleaned() -> None:
    assert values.text_of(" a\x00b\n c ") == "ab c"
    assert values.text_of(3.0) == "3"
    assert values.prose_of("<p>Tom &amp; Jerry<br />run</p>") == "Tom & Jerry run"
