"""Personal data that is typed into a chat, masked before it reaches logs and reports.

`mask` puts `<e-mail>`, `<phone>`, `<card>` and `<iban>` in the place of what identifies or costs somebody, and leaves
prices, sizes, model numbers, order numbers and product codes alone. It goes by form and by the words before a number:
card numbers hold their check digit, bank accounts theirs and their country's length, phone numbers are those that
Google's libphonenumber knows to be given out, or what somebody says is theirs. It does not know names or addresses.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

REGIONS: Final = ("DE", "GB", "US")
"""Countries whose phone numbers are recognised without their prefix, unless the shop says otherwise."""

_EMAIL = re.compile(r"[\w.%+-]{0,64}\w@\w[\w-]*(?:\.[\w-]*\w)+")
_SPOKEN_EMAIL = re.compile(
    r"\b\w[\w.+-]*\s*(?:\(at\)|\[at\]|\sat\s)\s*\w[\w-]*\s*(?:\(dot\)|\[dot\]|\sdot\s)\s*[a-z]{2,6}\b", re.IGNORECASE
)

_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE | re.ASCII)
_IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 "
        "SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20",
    )
}
"""Characters of a bank account by country (ISO 13616)."""

_LONG_NUMBER = re.compile(r"(?<![\w.,/-])\d(?:[ -]?\d){12,18}(?![\w/]|[.,]\d)")
_CARD = re.compile(r"4\d{15}(?:\d{3})?|(?:5[1-5]|2[2-7]|35|6\d|50|5[6-9])\d{13,17}|3[47]\d{13}|3(?:0|6|8|9)\d{12}")
_CARD_CODE = re.compile(
    r"(\b(?:cvv|cvc|cvv2|cvc2)\b\W{0,3}(?:code\W{1,3}|is\W{1,3}|number\W{1,3}){0,3})(\d{3,4})\b", re.I
)

_PHONE_HINT = r"""
    (?:call|ring|phone|text|reach|contact|whatsapp|sms|fax)(?:\s+\w+)?\s+(?:me|us|back|him|her|my)\b
  | \b(?:call|ring|dial)\b(?=\W*\d)
  | \b(?:tel|telephone|whatsapp|mob|fax|telefon|handynummer)\b
  | \b(?:phone|mobile|cell|telephone|contact|my|whatsapp)\s+(?:number|no|nr)\b
  | \bmy\s+(?:phone|mobile|cell|cellphone|landline|handy|number)\b
"""
_CODE_HINT = r"""
    \b(?:order|invoice|tracking|parcel|shipment|sku|ean|gtin|upc|isbn|item|article|model|serial|reference|ref|receipt
    |voucher|coupon|ticket|part|product|bestellnummer|artikelnummer)\b
"""
_HINTS = re.compile(rf"(?P<phone>(?<!<)(?:{_PHONE_HINT}))|(?P<card>\bcard\b(?!>))|(?P<code>{_CODE_HINT})", re.I | re.X)
_HINT_REACH = 40  # characters before a number in which words say what it is

_GTIN_LENGTHS = frozenset({12, 13, 14})
_DIGITS_OF_A_PHONE = 7
_SAID_TO_BE_A_PHONE = re.compile(r"(?<![\w.,/+-])\+?\(?\d(?:[ ()./-]{0,2}\d){6,14}(?![\w]|[.,]\d)")
_AMOUNT_AFTER = re.compile(r"\s*(?:€|\$|£|¥|(?:eur|euros?|usd|gbp|dollars?|pounds?|bucks)\b)", re.IGNORECASE)
_DECIMAL = re.compile(r"\d*[.,]\d+(?:\s*-\s*\d*[.,]\d+)?")


_Instead = Callable[[str, int], str]
"""Says what stands in the place of something of a kind and a length."""


def mask(text: str, regions: Sequence[str] = REGIONS) -> str:
    """Return a text with placeholders for e-mail addresses, phone numbers, card numbers and bank accounts.

    Args:
        text: what somebody typed; it may be a line of a log.
        regions: ISO 3166 codes of countries whose phone numbers people type without the country's prefix.
    """
    return _replace(text, regions, lambda kind, _: f"<{kind}>")


def blank(text: str, regions: Sequence[str] = REGIONS) -> str:
    """Return a text of the same length with spaces where `mask` puts placeholders, so that positions stay."""
    return _replace(text, regions, lambda _, length: " " * length)


def _replace(text: str, regions: Sequence[str], instead: _Instead) -> str:
    if "@" in text or "dot" in text.lower():
        for pattern in (_EMAIL, _SPOKEN_EMAIL):
            text = pattern.sub(lambda found: instead("e-mail", len(found.group())), text)
    if sum(map(str.isdecimal, text)) < 3:
        return text
    text = _each(_IBAN, text, _end_of_iban, "iban", instead)
    text = _CARD_CODE.sub(lambda found: found.group(1) + instead("card", len(found.group(2))), text)
    text = _each(_LONG_NUMBER, text, _end_of_card, "card", instead)
    if sum(map(str.isdecimal, text)) < _DIGITS_OF_A_PHONE:
        return text
    for region in (None, *regions):
        text = _without_phones(text, region, instead)
    return _each(_SAID_TO_BE_A_PHONE, text, _end_of_said_phone, "phone", instead)


class _Hints:
    """The words of a text that say what a number after them is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends: list[int] = []
        self._kinds: list[str] | None = None

    def before(self, start: int) -> str:
        """Return what the nearest telling word before a position says: phone, card, code or nothing."""
        if self._kinds is None:
            found = list(_HINTS.finditer(self.text))
            self._ends = [hint.end() for hint in found]
            self._kinds = [hint.lastgroup or "" for hint in found]
        nearest = bisect_right(self._ends, start) - 1
        return self._kinds[nearest] if nearest >= 0 and start - self._ends[nearest] <= _HINT_REACH else ""


def _each(
    pattern: re.Pattern[str], text: str, end: Callable[[re.Match[str], "_Hints"], int], kind: str, instead: _Instead
) -> str:
    """Replace what a pattern finds from its start to the end that a function gives; 0 leaves it as it is."""
    parts, done, position, hints = [], 0, 0, _Hints(text)
    while (found := pattern.search(text, position)) is not None:
        if stop := end(found, hints):
            parts += [text[done : found.start()], instead(kind, stop - found.start())]
            done = position = stop
        else:
            position = found.start() + 1
    return "".join([*parts, text[done:]])


def _luhn(digits: str) -> bool:
    """Tell whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_product_code(digits: str) -> bool:
    """Tell whether this is an EAN, UPC or other GTIN with its check digit."""
    weighted = sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(reversed(digits)))
    return len(digits) in _GTIN_LENGTHS and weighted % 10 == 0


def _end_of_card(found: re.Match[str], hints: _Hints) -> int:
    digits = re.sub(r"\D", "", found.group())
    is_card = _CARD.fullmatch(digits) and _luhn(digits)
    return found.end() if is_card or hints.before(found.start()) == "card" else 0


def _end_of_iban(found: re.Match[str], hints: _Hints) -> int:
    """Return where an account of its country's length ends; the pattern may have run on into the next words."""
    length = _IBAN_LENGTHS.get(found.group()[:2].upper(), 0)
    places = [found.start() + place for place, sign in enumerate(found.group()) if sign.isalnum()]
    if not length or len(places) < length:
        return 0
    text, stop = hints.text, places[length - 1] + 1
    if text[stop : stop + 1].isalnum():
        return 0
    account = "".join(text[place] for place in places[:length]).upper()
    number = "".join(str(int(sign, 36)) for sign in account[4:] + account[:4])
    said = "iban" in text[max(0, found.start() - _HINT_REACH) : found.start()].lower()
    return stop if said or int(number) % 97 == 1 else 0


def _without_phones(text: str, region: str | None, instead: _Instead) -> str:
    import phonenumbers

    hints = _Hints(text)
    spans = [
        (match.start, match.end)
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID)
        if _is_phone(match.start, match.raw_string, hints)
    ]
    for start, end in reversed(spans):
        text = text[:start] + instead("phone", end - start) + text[end:]
    return text


def _is_phone(start: int, number: str, hints: _Hints) -> bool:
    """Tell a number that could be dialled from an amount or a code of the same form."""
    text = hints.text
    if _DECIMAL.fullmatch(number) or _AMOUNT_AFTER.match(text, start + len(number)):
        return False
    if number.startswith("+"):
        return True
    hint = hints.before(start)
    if hint == "phone":
        return True
    if text[max(0, start - 1) : start] in ("_", "/") or (number.isdecimal() and _is_product_code(number)):
        return False
    if re.search(r"[a-z]", number, re.IGNORECASE):  # a size in pixels, which reads like an extension
        return False
    # Without a trunk prefix or separators it is digits like any other: a SKU, an order number.
    return not hint and (number.startswith(("0", "(")) or bool(re.search(r"\d\D+\d+\D+\d", number)))


def _end_of_said_phone(found: re.Match[str], hints: _Hints) -> int:
    """Return where a number ends that its owner called a phone number; nobody need have given it out."""
    if hints.before(found.start()) != "phone" or _AMOUNT_AFTER.match(hints.text, found.end()):
        return 0
    groups = re.findall(r"\d+", found.group())
    if len(groups) == 2 and not groups[0].startswith("0") and int(groups[0]) < int(groups[1]):
        return 0  # "call me if there is one for 1000-1500"
    return found.end()
