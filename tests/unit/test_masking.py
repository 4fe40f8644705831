"""Personal data is masked in ordinary sentences, and what shops talk about is not."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.masking import blank, mask

MASKED = [
    ("my mail is ann.miller@example.com, thanks", "my mail is <e-mail>, thanks"),
    ("write to ANN+shop@mail.example.co.uk.", "write to <e-mail>."),
    ("<bob@example.org>", "<<e-mail>>"),
    ("send it to ö.müller@bücher.example please", "send it to <e-mail> please"),
    ("bob at example dot com", "<e-mail>"),
    ("it is bob (at) example (dot) org", "it is <e-mail>"),
    ("a@b.example and c@d.example", "<e-mail> and <e-mail>"),
    ("call me on +49 30 901820", "call me on <phone>"),
    ("+4930901820", "<phone>"),
    ("my number is 0171 2345678", "my number is <phone>"),
    ("0171/2345678 after six", "<phone> after six"),
    ("you can reach me: (020) 7946 0958", "you can reach me: <phone>"),
    ("text me at 07911 123456 when it is in", "text me at <phone> when it is in"),
    ("ring me back on 212-736-5000", "ring me back on <phone>"),
    ("212.736.5000", "<phone>"),
    ("my phone number: 2127365000", "my phone number: <phone>"),
    ("phone 0049 30 901820", "phone <phone>"),
    ("whatsapp +86 138 0013 8000", "whatsapp <phone>"),
    ("tel. 030/901820-12, ask for Ann", "tel. <phone>, ask for Ann"),
    ("my mobile is 555 867 5309", "my mobile is <phone>"),
    ("for my order call 0171 2345678", "for my order call <phone>"),
    ("+33 1 70 18 99 00 or +1 212 736 5000", "<phone> or <phone>"),
    ("my card is 4111 1111 1111 1111", "my card is <card>"),
    ("4111111111111111 12/27", "<card> 12/27"),
    ("5500-0000-0000-0004", "<card>"),
    ("amex 378282246310005 and the cvc is 123", "amex <card> and the cvc is <card>"),
    ("charge card number 4111 1111 1111 1112", "charge card number <card>"),
    ("6011000990139424, cvv: 4321", "<card>, cvv: <card>"),
    ("refund to DE89 3704 0044 0532 0130 00 please", "refund to <iban> please"),
    ("DE89370400440532013000", "<iban>"),
    ("iban gb82 west 1234 5698 7654 32 thank you", "iban <iban> thank you"),
    ("my IBAN: DE00 3704 0044 0532 0130 00", "my IBAN: <iban>"),
    ("FR14 2004 1010 0505 0001 3M02 606", "<iban>"),
    ("ann@example.com 0171 2345678 4111111111111111", "<e-mail> <phone> <card>"),
]

KEPT = [
    "",
    "a red dress under 50 euros",
    "between 1000 and 1500",
    "1000-1500 euros",
    "call me when there is one for 1000-1500",
    "1,299.99 to 1,499.00 usd",
    "12 500 000 dollars",
    "size 42, or 38-40",
    "size 7 1/2 wide",
    "is HP EliteBook 6930p in stock",
    "a ThinkPad 2504 with 16 GB and 512 GB",
    "C65 or C 65?",
    "order 4711-0815",
    "where is my order 100 234 5678 90",
    "order number 0171 2345678",
    "order #20261128-000123",
    "tracking 00340434161094042557",
    "ean 4006381333931",
    "4006381333931",
    "0829160799261 or 4960999644066",
    "00735858205177",
    "0.85 - 1.3625 volts",
    "for LBP/800/810/1120",
    "https://shop.example/img/1668223_0651352783.jpg",
    'a 15.4" (1680 x 1050) screen',
    "the one with gtin 04006381333931",
    "isbn 978-3-16-148410-0",
    "sku 2127365000",
    "2127365000 in blue",
    "item 10002345 and item 10002346",
    "3840x2160, 144 hz, 27 inch, 350 cd/m2",
    "a phone with 5000 mah and 256 gb",
    "phone 1080 x 2400",
    "5 gb, 10 gb, 20 gb, 40 gb",
    "16:9 at 60 hz",
    "2026-11-28 18:53:18,123",
    "on 28.11.2026 at 18:53",
    "24/7 and 365 days",
    "0.1234567891",
    "3.14159265358979",
    "10.0.0.1:5055",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "slate 9b2d7f3c0a1e4d5f8b6a7c8d9e0f1a2b",
    "look at the dot pattern",
    "@kestrel makes nice bags",
    "two for the price of 1 @ 20",
    "AB12 3456",
    "a watch at 1 atm, 10 bar, 100 m",
    "nr 5 and nr 7, both 19.99",
    "gift card for 50",
    "a card reader with usb 3.0",
    '/inform_preference{"answer":"price<=50"}',
    "红色 连衣裙 500 元以下",
    "model 501 32/34 and 511 30/32",
    "12V 100Ah battery 2000 cycles 5 years",
    "ISO 9001, EN 13402, DIN 4844",
]


@pytest.mark.parametrize(("text", "masked"), MASKED, ids=[text for text, _ in MASKED])
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", KEPT)
def test_what_shops_talk_about_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(("text", "masked"), MASKED, ids=[text for text, _ in MASKED])
def test_what_is_blanked_is_what_is_masked(text: str, masked: str) -> None:
    blanked = blank(text)
    assert len(blanked) == len(text)
    assert blanked.split() == re.sub("<(?:e-mail|phone|card|iban)>", " ", masked).split()


def test_a_number_without_its_countrys_prefix_is_known_in_the_shops_countries() -> None:
    assert mask("06 12 34 56 78", ["FR"]) == "<phone>"
    assert mask("06 12 34 56 78", ["US"]) == "06 12 34 56 78"
    assert mask("+33 6 12 34 56 78", []) == "<phone>"


WORDS = st.text(string.ascii_letters + string.digits + " .,:-/€@+()", max_size=40)
NAMES = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)


def with_check_digit(digits: str) -> str:
    total = sum(
        sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(digits))
    )
    return digits + str(-total % 10)


CARDS = st.text("0123456789", min_size=14, max_size=14).map(lambda rest: with_check_digit("4" + rest))
ACCOUNTS = st.text("0123456789", min_size=18, max_size=18).map(
    lambda rest: f"DE{98 - int(rest + '131400') % 97:02d}{rest}"
)


@given(WORDS, NAMES, NAMES, WORDS)
def test_no_address_survives(before: str, name: str, host: str, after: str) -> None:
    address = f"{name}@{host}.example"
    assert address not in mask(f"{before} {address} {after}")


@given(CARDS, st.sampled_from(["", " ", "-"]))
def test_no_card_survives(card: str, separator: str) -> None:
    written = separator.join(card[place : place + 4] for place in range(0, 16, 4))
    assert mask(f"take {written} for it") == "take <card> for it"


@given(ACCOUNTS, st.sampled_from(["", " ", "-"]))
def test_no_account_survives(account: str, separator: str) -> None:
    written = separator.join(account[place : place + 4] for place in range(0, 22, 4))
    assert mask(f"to {written} then") == "to <iban> then"


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    mask(text)


@given(WORDS, CARDS | ACCOUNTS | st.just("+49 30 901820") | st.just("bob@example.org"), WORDS)
def test_masking_twice_changes_nothing_more(before: str, secret: str, after: str) -> None:
    once = mask(f"{before} {secret} {after}")
    assert mask(once) == once


@given(
    st.lists(st.integers(0, 9999).map(str) | st.sampled_from(["red", "under", "size", "GB", "€", "or"]), max_size=12)
)
def test_what_is_kept_is_kept_in_order(words: list[str]) -> None:
    text = " ".join(words)
    kept = re.split(r"<[a-z-]+>", mask(text))
    position = 0
    for piece in kept:
        assert piece in text[position:]
        position = text.index(piece, position) + len(piece)
