"""What a search says of a person is masked before anything keeps it, with the shop's own countries."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopguide.bootstrap import Shop
from shopguide.feedback.events import FeedbackEvent
from shopguide.settings import Settings


@pytest.mark.parametrize(("regions", "kept"), [(["FR"], "<phone>"), (["US"], "06 12 34 56 78")])
def test_the_words_of_a_search_are_kept_without_personal_data(tmp_path: Path, regions: list[str], kept: str) -> None:
    shop = Shop(
        Settings(
            database_url=f"sqlite:///{tmp_path / 'shop.db'}",
            text_index_dir=tmp_path / "text",
            outbox_path=tmp_path / "outbox.db",
            lexicon_path=tmp_path / "lexicon.jsonl",
            models_dir=tmp_path / "models",
            phone_regions=regions,
        )
    )
    shopper = shop.profiles.shopper_for("rest", "somebody")
    text = "lamp for ann@example.com, 06 12 34 56 78"
    event = FeedbackEvent("e1", "search", shopper, datetime.now(UTC), text=text)
    try:
        assert shop.recorder.take([event], teach=False).accepted == 1
        assert [one.text for one in shop.feedback.history(shopper)] == [f"lamp for <e-mail>, {kept}"]
    finally:
        shop.database.close()
