"""Wires the parts together, lazily: the one place where concrete classes meet."""

from functools import cached_property, lru_cache

from shopguide.catalogue.live import LiveCatalogue
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database
from shopguide.feedback.service import Feedback
from shopguide.guide import Guide
from shopguide.profiles.service import Profiles
from shopguide.recommender.pipeline import Recommender
from shopguide.settings import Settings, get_settings


class Shop:
    """Everything one process needs, each part built at its first use."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or get_settings()

    @cached_property
    def database(self) -> Database:
        """The shop database, migrated."""
        database = Database(self.settings.database_url)
        database.migrate()
        return database

    @cached_property
    def products(self) -> ProductStore:
        """The catalogue in the database."""
        return ProductStore(self.database)

    @cached_property
    def catalogue(self) -> LiveCatalogue:
        """The catalogue index, refreshed when the catalogue changes."""
        return LiveCatalogue(self.products, self.settings.text_index_dir, self.settings.catalogue_poll_seconds)

    @cached_property
    def profiles(self) -> Profiles:
        """Shoppers and their tastes."""
        return Profiles(self.database)

    @cached_property
    def feedback(self) -> Feedback:
        """Slates and feedback events."""
        return Feedback(self.database)

    @cached_property
    def recommender(self) -> Recommender:
        """From a need to ranked products."""
        return Recommender(self.catalogue, self.profiles, self.feedback, self.settings)

    @cached_property
    def guide(self) -> Guide:
        """The assistant's use cases."""
        return Guide(self.catalogue, self.recommender, self.profiles, self.feedback, self.settings)


@lru_cache(maxsize=1)
def get_shop() -> Shop:
    """Return the process's shop."""
    return Shop()
