"""Wires the parts together, lazily: the one place where concrete classes meet."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from shopguide.access.service import Access
from shopguide.catalogue.lexicon_file import LexiconFile
from shopguide.catalogue.live import LiveCatalogue
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database
from shopguide.feedback.service import Feedback
from shopguide.guide import Guide
from shopguide.guide.consenting import Consenting
from shopguide.guide.copying import Copying
from shopguide.guide.erasing import Erasing
from shopguide.guide.habits import habits_for
from shopguide.guide.owndata import OwnData
from shopguide.guide.proving import Proving
from shopguide.guide.recording import Recorder
from shopguide.guide.searchwords import SearchWords
from shopguide.ids import ShopperId
from shopguide.masking import mask
from shopguide.outbox.box import Outbox
from shopguide.outbox.store import Deliveries
from shopguide.privacy.conversations import DialogueServer
from shopguide.privacy.retention import Limits, Retention
from shopguide.privacy.service import Privacy
from shopguide.profiles.present import habits_dict
from shopguide.profiles.service import Profiles
from shopguide.profiles.taste import TasteRules
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.pipeline import Recommender
from shopguide.settings import Settings, get_settings
from shopguide.training.redaction import forget_shopper, knows
from shopguide.training.registry import Registry

Part = TypeVar("Part")


class part(Generic[Part]):  # noqa: N801  (used like a property)
    """Build a part of the shop at its first use, once, whichever thread asks first.

    `functools.cached_property` has no lock from Python 3.12 on: two threads would get two catalogues.
    """

    def __init__(self, build: Callable[["Shop"], Part]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __set_name__(self, owner: type["Shop"], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, shop: None, owner: type["Shop"]) -> "part[Part]": ...

    @overload
    def __get__(self, shop: "Shop", owner: type["Shop"]) -> Part: ...

    def __get__(self, shop: "Shop | None", owner: type["Shop"]) -> "Part | part[Part]":
        if shop is None:
            return self
        with shop.building:
            if self._name not in shop.__dict__:
                shop.__dict__[self._name] = self._build(shop)
            built: Part = shop.__dict__[self._name]
        return built


class Shop:
    """Everything one process needs, each part built at its first use."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or get_settings()
        self.building = threading.RLock()

    @part
    def database(self) -> Database:
        """The shop database, migrated."""
        database = Database(self.settings.database_url)
        database.migrate()
        return database

    @part
    def products(self) -> ProductStore:
        """The catalogue in the database."""
        return ProductStore(self.database)

    @part
    def catalogue(self) -> LiveCatalogue:
        """The catalogue index, refreshed when the catalogue changes."""
        return LiveCatalogue(self.products, self.settings.text_index_dir, self.settings.catalogue_poll_seconds)

    @part
    def lexicon(self) -> LexiconFile:
        """The lexicon that the dialogue server reads."""
        settings = self.settings
        return LexiconFile(self.products, settings.lexicon_path, currency=settings.currency, language=settings.language)

    @part
    def access(self) -> Access:
        """API keys."""
        return Access(self.database)

    @part
    def profiles(self) -> Profiles:
        """Shoppers and their tastes."""
        return Profiles(
            self.database,
            session_memory=timedelta(hours=self.settings.session_memory_hours),
            assume_consent=self.settings.consent == "assumed",
            rules=TasteRules.from_settings(self.settings.taste_trust, self.settings.taste_half_life_days),
        )

    @part
    def feedback(self) -> Feedback:
        """Slates and feedback events."""
        return Feedback(self.database, refusing=lambda: self.profiles.refusing("analytics"))

    @part
    def outbox(self) -> Outbox:
        """Where writes wait on this machine while the shop database is away."""
        return Outbox(self.settings.outbox_path)

    @part
    def recorder(self) -> Recorder:
        """The one way in for events, evidence and slates."""
        return Recorder(
            self.profiles,
            self.feedback,
            index=self.catalogue.index,
            together=self.database.together,
            marks=Deliveries(self.database),
            outbox=self.outbox,
            erased_at=self.privacy.refuses_until,
            named=SearchWords(self.settings.lexicon_path).named,
            mask=partial(mask, regions=self.settings.phone_regions),
        )

    @part
    def recommender(self) -> Recommender:
        """From a need to ranked products."""
        return Recommender(self.catalogue, self.profiles, self.feedback, self.settings)

    @part
    def guide(self) -> Guide:
        """The assistant's use cases."""
        return Guide(
            self.recommender,
            self.profiles,
            self.feedback,
            self.settings,
            recorder=self.recorder,
            own_data=self.own_data,
            reviews_of=self.products.reviews,
        )

    @part
    def privacy(self) -> Privacy:
        """What the shop database holds of a shopper, and what the dialogue server still has to delete."""
        secret = self.settings.chat_secret.get_secret_value()
        return Privacy(self.database, DialogueServer(self.settings.rasa_url, secret), secret)

    @part
    def consenting(self) -> Consenting:
        """Takes decisions on what data may be used for."""
        memory = timedelta(hours=self.settings.session_memory_hours)
        return Consenting(self.database, self.profiles, self.feedback, memory)

    @part
    def erasing(self) -> Erasing:
        """Erases shoppers everywhere."""
        registry = Registry(ModelFolder(self.settings.models_dir / "recommender"))
        return Erasing(self.privacy, self.outbox, partial(forget_shopper, registry), self.recorder.forget)

    @part
    def proving(self) -> Proving:
        """Looks for a shopper's ids everywhere."""
        settings = self.settings
        files = [file for file in (self.database.file, settings.outbox_path) if file is not None]
        databases = [Path(f"{file}{end}") for file in files for end in ("", "-wal")]
        return Proving(
            self.privacy,
            self.outbox,
            partial(knows, ModelFolder(settings.models_dir / "recommender")),
            (settings.models_dir, settings.lexicon_path, settings.logs_dir, settings.exports_dir, *databases),
        )

    @part
    def retention(self) -> Retention:
        """Deletes what has been kept long enough."""
        settings = self.settings
        limits = Limits(
            session=timedelta(hours=settings.session_memory_hours),
            events=_days(settings.keep_events_days),
            slates=_days(settings.keep_slates_days),
            preferences=_days(settings.keep_preferences_days),
            conversations=_days(settings.keep_conversations_days),
            shoppers=_days(settings.keep_shoppers_days),
            withdrawn=_days(settings.withdrawn_retention_days),
            tombstones=_days(settings.tombstone_days),
        )
        return Retention(self.privacy, limits, assume_consent=settings.consent == "assumed")

    @part
    def copying(self) -> Copying:
        """Puts together what a shopper may take away."""
        return Copying(
            self.profiles, self.privacy, self.products.get, habits=self._habits, shop_name=self.settings.shop_name
        )

    def _habits(self, shopper_id: ShopperId) -> dict[str, Any]:
        habits = habits_for(shopper_id, profiles=self.profiles, feedback=self.feedback, index=self.catalogue.index())
        return habits_dict(habits)

    @part
    def own_data(self) -> OwnData:
        """What the use cases around a shopper's own data stand on."""
        return OwnData(self.profiles, self.consenting, self.erasing, self.privacy, self.settings.browser_url)


def _days(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None


@lru_cache(maxsize=1)
def get_shop() -> Shop:
    """Return the process's shop."""
    return Shop()
