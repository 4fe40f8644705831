"""The guide answers for a shopper's own data, on a real database that may go away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes_privacy import Forgotten, Known, Origin
from shopguide.conversation.turn import Turn
from shopguide.db.engine import Database
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.feedback.service import Feedback
from shopguide.guide import Guide
from shopguide.guide.consenting import Consenting
from shopguide.guide.erasing import Erasing
from shopguide.guide.owndata import OwnData
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.outbox.box import Entry, Outbox
from shopguide.privacy.service import Privacy
from shopguide.profiles.consent import Consents
from shopguide.profiles.preferences import PreferenceEvidence, Source
from shopguide.profiles.service import Profiles
from shopguide.recommender.pipeline import Recommender
from shopguide.settings import Settings
from tests.support.dialogue import FakeConversations
from tests.support.shop import migrated_sqlite
from tests.unit.conversation.shop import FakeRecommender

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN = ShopperId("ann")
HERE, ELSEWHERE = ConversationId("web-here"), ConversationId("telegram-elsewhere")


class Shop:
    """A guide over real parts."""

    def __init__(self, folder: Path) -> None:
        (folder / "shop.db").write_bytes(migrated_sqlite())
        self.path = folder / "shop.db"
        self.database = Database(f"sqlite:///{self.path}")
        self.profiles = Profiles(self.database, clock=lambda: NOW)
        self.feedback = Feedback(self.database, clock=lambda: NOW)
        self.conversations = FakeConversations()
        self.privacy = Privacy(self.database, self.conversations, "secret", clock=lambda: NOW)
        self.outbox = Outbox(folder / "outbox.db")
        self.forgetting: list[ShopperId] = []
        memory = timedelta(hours=2)
        own = OwnData(
            self.profiles,
            Consenting(self.database, self.profiles, self.feedback, memory, clock=lambda: NOW),
            Erasing(self.privacy, self.outbox, self._forget),
            self.privacy,
            "https://shop.example",
        )
        recommender = FakeRecommender(CatalogueIndex([Product(Sku("mug"), "Mug", brand="Kestrel")]))
        self.guide = Guide(
            cast("Recommender", recommender), self.profiles, self.feedback, Settings(), own_data=own, clock=lambda: NOW
        )

    def _forget(self, shopper_id: ShopperId) -> int:
        self.forgetting.append(shopper_id)
        return 0

    def learn(
        self, facet: str, value: str, polarity: int = 1, source: Source = "slot", days: float = 0.0, **more: object
    ) -> None:
        at = NOW - timedelta(days=days)
        piece = PreferenceEvidence(ANN, facet, value, polarity, source, at, **more)  # type: ignore[arg-type]
        self.profiles.record([piece])

    def break_down(self) -> None:
        """Make the database one that cannot be read."""
        self.database.close()
        self.path.write_bytes(b"no database" * 100)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.database.close()


def turn(shopper: ShopperId | None = ANN) -> Turn:
    return Turn(HERE, shopper, "what do you know about me", "show_profile")


def test_what_is_known_is_told_with_where_it_comes_from(shop: Shop) -> None:
    shop.profiles.link("socketio", HERE, ANN)
    shop.profiles.link("telegram", ELSEWHERE, ANN)
    shop.learn("brand", "kestrel", source="correction", days=2, conversation_id=ELSEWHERE)
    shop.learn("brand", "kestrel", source="like", days=1)
    shop.learn("brand", "kestrel", source="like", days=3)
    shop.learn("colour", "red", -1, conversation_id=HERE)
    shop.learn("size", "43", source="fact", conversation_id=HERE, category="shoes")
    shop.learn("colour", "green", recipient="dad", conversation_id=HERE)
    shop.learn("brand", "kestrel", recipient="dad", days=1.5, conversation_id=HERE)
    shop.learn("size", "43", recipient="dad", source="fact", category="shoes", conversation_id=ELSEWHERE)
    shop.feedback.record(
        [FeedbackEvent(str(n), kind, ANN, NOW, Sku("mug")) for n, kind in enumerate(("click", "click", "like"))]  # type: ignore[arg-type]
    )
    shop.feedback.log_slate(Slate(SlateId("s"), ANN, HERE, NOW, "r", "p", "m", None, 1, (SlateItem(Sku("mug"), 1),)))
    known = shop.guide.what_is_known(turn())
    assert known.channels == ("socketio", "telegram")
    assert (known.events, known.slates, known.conversations) == ({"click": 2, "like": 1}, 1, 2)
    kestrel, red = known.tastes
    assert (kestrel.value, red.value) == ("kestrel", "red")
    assert kestrel.weight > 0 > red.weight
    assert kestrel.origins == (
        Origin("like", 2, NOW - timedelta(days=1)),
        Origin("correction", 1, NOW - timedelta(days=2), "telegram"),
    )
    assert red.origins == (Origin("slot", 1, NOW, "socketio"),)
    (size,) = known.facts
    assert (size.facet, size.value, size.category, size.weight) == ("size", "43", "shoes", 1.0)
    assert size.origins == (Origin("fact", 1, NOW, "socketio"),)
    assert [value.value for value in known.recipients["dad"]] == ["43", "green", "kestrel"]
    assert known.recipients["dad"][0].origins == (Origin("fact", 1, NOW, "telegram"),)
    assert not known.nothing


def test_of_a_stranger_nothing_is_known(shop: Shop) -> None:
    assert shop.guide.what_is_known(turn(ShopperId("nobody"))) == Known(ShopperId("nobody"))
    assert not shop.guide.what_is_known(turn(None)).available


def test_one_value_is_forgotten_for_whom_it_was_said(shop: Shop) -> None:
    for recipient in ("", "dad"):
        shop.learn("brand", "kestrel", recipient=recipient)
        shop.learn("brand", "kestrel", days=3, recipient=recipient)
    assert shop.guide.forget_value(turn(), "brand", "kestrel").count == 2
    assert shop.guide.forget_value(turn(), "brand", "kestrel").count == 0
    known = shop.guide.what_is_known(turn())
    assert not known.tastes and known.recipients["dad"]
    assert shop.guide.forget_recipient(turn(), "dad").count == 2
    assert shop.guide.what_is_known(turn()).nothing


def said(text: str) -> Turn:
    return Turn(HERE, ANN, text, "forget_me")


def test_what_is_known_of_somebody_one_shops_for_is_forgotten_by_name(shop: Shop) -> None:
    for recipient in ("", "dad", "mum"):
        for value in ("kestrel", "adler"):
            shop.learn("brand", value, recipient=recipient)
    # In a search "a mug for my dad" is about the mug.
    assert shop.guide.forget_named(said("not that mug for my dad"), need=Need()).nothing
    forgotten = shop.guide.forget_named(said("forget what you know about my dad"))
    assert forgotten == Forgotten(recipients=("dad",))
    forgotten = shop.guide.forget_named(said("forget that i said kestrel for my mum"))
    assert [value.value for value in forgotten.values] == ["kestrel"] and not forgotten.recipients
    known = shop.guide.what_is_known(turn())
    assert {value.value for value in known.tastes} == {"kestrel", "adler"}
    assert {who: [value.value for value in values] for who, values in known.recipients.items()} == {"mum": ["adler"]}


@pytest.mark.parametrize(
    ("purposes", "kept"),
    [
        (["personalisation"], {"preferences", "feedback_events"}),
        (["analytics"], {"feedback_events", "slates"}),
        (["personalisation", "analytics"], {"preferences", "feedback_events", "slates"}),
        ([], set()),
    ],
)
def test_a_yes_keeps_what_the_session_brought_as_far_as_it_goes(shop: Shop, purposes: list, kept: set[str]) -> None:
    for hours in (1, 3):
        at = NOW - timedelta(hours=hours)
        shop.learn("brand", "kestrel", days=hours / 24, conversation_id=HERE, session_only=True)
        event = FeedbackEvent(str(hours), "click", ANN, at, Sku("mug"), conversation_id=HERE, session_only=True)
        shop.feedback.record([event])
        items = (SlateItem(Sku("mug"), 1),)
        shop.feedback.log_slate(
            Slate(SlateId(str(hours)), ANN, HERE, at, "r", "p", "m", None, 1, items, session_only=True)
        )
    decided = shop.guide.decide(turn(), purposes, True)
    assert decided.available
    assert decided.consents == Consents(*(True if p in purposes else None for p in ("personalisation", "analytics")))
    rows = shop.privacy.rows(shop.privacy.trace(ANN))
    for table in ("preferences", "feedback_events", "slates"):
        lasting = [row for row in rows[table] if not row["session_only"]]
        assert len(lasting) == (table in kept), table


def test_a_no_holds_at_once_and_takes_nothing_back(shop: Shop) -> None:
    shop.guide.decide(turn(), ["personalisation", "analytics"], True)
    assert shop.guide.decide(turn(), ["personalisation"], False).consents == Consents(False, True)
    assert shop.guide.consents(turn()) == Consents(False, True)


def test_a_decision_is_kept_whole_or_not_at_all(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from shopguide.errors import DatabaseError

    keep = Profiles.set_consent

    def fails_at_the_second(
        profiles: Profiles, shopper: ShopperId, purpose: str, *rest: object, **more: object
    ) -> None:
        if purpose == "analytics":
            raise DatabaseError("gone")
        keep(profiles, shopper, purpose, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Profiles, "set_consent", fails_at_the_second)
    decided = shop.guide.decide(turn(), ["personalisation", "analytics"], True)
    assert not decided.available
    assert shop.guide.consents(turn()) == Consents()


def test_forgetting_leaves_this_conversation_to_the_end_of_its_turn(shop: Shop) -> None:
    for channel, conversation in (("socketio", HERE), ("telegram", ELSEWHERE)):
        shop.profiles.link(channel, conversation, ANN)
        shop.conversations.said(conversation, NOW)
    shop.learn("brand", "kestrel")
    shop.outbox.put([Entry("waits", "event", "{}", ANN)])
    erased = shop.guide.forget(turn())
    assert erased.complete and erased.available and erased.counts["preferences"] == 1
    assert (shop.conversations.held(HERE), shop.conversations.held(ELSEWHERE)) == (1, 0)
    assert [one.conversation_id for one in shop.privacy.store.pending()] == [HERE], "in case the turn fails to"
    assert shop.outbox.waiting() == 0 and set(shop.forgetting) == {ANN}
    assert shop.guide.forget(turn()).available, "again is well"
    assert shop.profiles.shopper_for("socketio", HERE) != ANN


def test_forgetting_is_complete_only_if_the_other_conversations_are_gone(shop: Shop) -> None:
    shop.profiles.link("telegram", ELSEWHERE, ANN)
    shop.conversations.down = True
    erased = shop.guide.forget(turn())
    assert erased.available and not erased.complete


def test_a_model_that_is_broken_keeps_nobody_in_the_database(shop: Shop) -> None:
    from shopguide.errors import ModelCorrupt

    def broken(_: ShopperId) -> int:
        raise ModelCorrupt("a manifest is no JSON")

    shop.learn("brand", "kestrel")
    Erasing(shop.privacy, shop.outbox, broken).erase(ANN)
    assert shop.privacy.store.trace(ANN) is None


def test_the_link_is_the_shoppers_own(shop: Shop) -> None:
    link = shop.guide.export_link(turn())
    assert link is not None and link.startswith("https://shop.example/privacy/copy?token=")
    token = parse_qs(urlsplit(link).query)["token"][0]
    assert shop.privacy.shopper_of_copy(token) == ANN
    assert shop.guide.export_link(turn(None)) is None


def test_without_the_database_nothing_is_claimed(shop: Shop) -> None:
    shop.break_down()
    assert not shop.guide.what_is_known(turn()).available
    assert shop.guide.consents(turn()) is None
    assert not shop.guide.decide(turn(), ["analytics"], True).available
    assert not shop.guide.forget_value(turn(), "brand", "kestrel").available
    assert not shop.guide.forget_recipient(turn(), "dad").available
    assert not shop.guide.forget(turn()).available


def test_a_guide_without_own_data_says_that_it_cannot(shop: Shop) -> None:
    bare = Guide(cast("Recommender", None), shop.profiles, shop.feedback, Settings())
    assert bare.consents(turn()) is None and bare.export_link(turn()) is None
    answers = (
        bare.what_is_known(turn()),
        bare.decide(turn(), ["analytics"], True),
        bare.forget_value(turn(), "brand", "kestrel"),
        bare.forget_recipient(turn(), "dad"),
        bare.forget(turn()),
    )
    assert not any(answer.available for answer in answers)
