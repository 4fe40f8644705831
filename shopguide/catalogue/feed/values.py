"""Reads single values out of a feed's cells."""

import html
import re
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"[-+]?\d[\d.,'\u00a0\u202f ]*")
_SYMBOLS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "US$": "USD", "$": "USD"}
_ISO = re.compile(r"\b[A-Z]{3}\b")
_TRUE = frozenset({"true", "yes", "y", "1", "t", "on", "x", "in stock", "instock", "available"})
_FALSE = frozenset({"false", "no", "n", "0", "f", "off", "out of stock", "outofstock", "sold out", "unavailable"})


def text_of(value: Any) -> str:
    """Return a cell as clean text: no control characters, white space collapsed."""
    text = value if isinstance(value, str) else _number_text(value)
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


def prose_of(value: Any) -> str:
    """Return a cell as running text: markup taken out, entities resolved."""
    return text_of(html.unescape(_TAG.sub(" ", text_of(value))))


def end_of(value: Any) -> datetime:
    """Read when something ends, in UTC: an ISO 8601 time, a day (to its end), or an interval of them ("…/…").

    Raises:
        ValueError: it is none of them.
    """
    text = text_of(value).rpartition("/")[2].strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text_of(value)!r} is no day or time in ISO 8601") from None
    if len(text) <= len("2026-01-31"):
        moment = datetime.combine(moment.date(), time(23, 59, 59))
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def decimal_of(value: Any, point: str | None = None) -> Decimal:
    """Read an amount in any common spelling ("1,299.00", "1.299,00 €", "59,90").

    Args:
        value: the cell.
        point: the feed's decimal sign; told by each number itself if absent.

    Raises:
        ValueError: there is no number in it.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no number")
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
    else:
        match = _NUMBER.search(text_of(value))
        if match is None:
            raise ValueError(f"{text_of(value)!r} is no number")
        number = _plain_decimal(match.group(), point)
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return number


def float_of(value: Any, point: str | None = None) -> float:
    """Read a number, a unit after it ignored; `point` is the feed's decimal sign.

    Raises:
        ValueError: there is no number in it.
    """
    return float(decimal_of(value, point))


def flag_of(value: Any) -> bool:
    """Read a yes or no.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, bool):
        return value
    word = text_of(value).casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{text_of(value)!r} is neither yes nor no")


def stock_of(value: Any, point: str | None = None) -> int:
    """Read a stock: a count, or whether there is any; `point` is the feed's decimal sign.

    Raises:
        ValueError: it is neither.
    """
    try:
        return max(0, int(decimal_of(value, point)))
    except ValueError:
        return 1 if flag_of(value) else 0


def currency_in(value: Any) -> str | None:
    """Return the currency that a price names, if it does."""
    text = text_of(value)
    for symbol, code in _SYMBOLS.items():
        if symbol in text:
            return code
    match = _ISO.search(text)
    return match.group() if match else None


def address_of(value: Any) -> str:
    """Return a web address or path.

    Raises:
        ValueError: it has a scheme other than http and https.
    """
    address = text_of(value)
    scheme = urlsplit(address).scheme.lower()
    if scheme not in ("", "http", "https"):
        raise ValueError(f"an address that begins with {scheme}: is refused")
    return address


def _number_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _plain_decimal(text: str, point: str | None) -> Decimal:
    digits = re.sub(r"[\s'\u00a0\u202f]", "", text).rstrip(".,")
    comma, dot = digits.rfind(","), digits.rfind(".")
    if point is not None:
        digits = digits.replace("." if point == "," else ",", "").replace(point, ".")
    elif comma >= 0 and dot >= 0:
        thousands, point = (".", ",") if comma > dot else (",", ".")
        digits = digits.replace(thousands, "").replace(point, ".")
    elif comma >= 0:
        decimals = len(digits) - comma - 1
        is_point = digits.count(",") == 1 and (decimals != 3 or digits.lstrip("+-").startswith("0,"))
        digits = digits.replace(",", "." if is_point else "")
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    try:
        return Decimal(digits)
    except InvalidOperation as error:
        raise ValueError(f"{text.strip()!r} is no number") from error
