"""The privacy notice says what the settings say."""

import re

import pytest

from shopguide.privacy.notice import as_html, as_markdown, notice
from shopguide.settings import Settings

LIMITS = sorted(name for name in Settings.model_fields if re.fullmatch(r"(keep|tombstone|withdrawn)_\w+", name))


def text(**settings: object) -> str:
    return as_markdown(notice(Settings(**settings)))  # type: ignore[arg-type]


def test_there_are_limits_to_tell() -> None:
    assert len(LIMITS) == 7
    assert set(LIMITS) == {
        name for name in Settings.model_fields if name.endswith("_days") and "reward" not in name
    } - {"taste_half_life_days"}


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_is_told_and_follows_its_setting(name: str) -> None:
    assert "123 days" not in text()
    assert text(**{name: 123}).count("123 days") == 1
    assert text(**{name: 1}) != text(**{name: 0}) != text()


@pytest.mark.parametrize(
    "settings",
    [
        {"shop_name": "Kestrel & Sons"},
        {"privacy_contact": "privacy@shop.example"},
        {"channels": ["the chat page", "Telegram"]},
        {"consent": "assumed"},
        {"session_memory_hours": 7.5},
        {"exploration_rate": 0.0},
        {"exploration_rate": 0.11},
        {"quote_in_logs": True},
    ],
)
def test_the_rest_follows_too(settings: dict[str, object]) -> None:
    changed = text(**settings)
    assert changed != text()
    for value in settings.values():
        if isinstance(value, str) and value != "assumed":
            assert value in changed
    if "session_memory_hours" in settings:
        assert "7.5 hours" in changed
    if settings.get("exploration_rate") == 0.11:
        assert "11%" in changed


def test_the_page_is_text_whatever_the_shop_is_called() -> None:
    page = as_html(notice(Settings(shop_name="<script>x</script>")), "/web/notice.css")
    assert "<script" not in page and "&lt;script&gt;" in page


def test_the_ways_of_the_chat_are_named() -> None:
    for words in ("What do you know about me", "Forget me", "Export my data", "use my history"):
        assert words in text()
