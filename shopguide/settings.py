"""Settings, read once from the environment and `.env`; the only module that reads the environment."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shopguide.errors import SettingsError

DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105  (refused outside development)
SHORTEST_SECRET = 32
"""Bytes of the key that HS256 needs (RFC 7518, section 3.2)."""


class Settings(BaseSettings):
    """What an operator can set; each field is `SHOPGUIDE_<NAME>` in the environment or in `.env`."""

    model_config = SettingsConfigDict(env_prefix="SHOPGUIDE_", env_file=".env", extra="ignore", frozen=True)

    environment: Literal["development", "production"] = Field(
        "development", description="production refuses to start with placeholder secrets"
    )
    database_url: str = Field("sqlite:///var/shopguide.db", description="the shop database (SQLite or PostgreSQL)")
    models_dir: Path = Field(Path("models"), description="trained artefacts; the recommender's are in recommender/")
    lexicon_path: Path = Field(Path("models/lexicon.jsonl"), description="the lexicon that the dialogue server reads")
    text_index_dir: Path = Field(Path("var/text_index"), description="the catalogue's full-text index on disk")
    policies: str = Field(
        "", description="folder of the shop's policy documents (*.md), for questions about the shop; empty: none"
    )
    currency: str = Field("EUR", description="the shop's own currency (ISO 4217)", pattern=r"^[A-Z]{3}$")
    language: str = Field("en", description="the language of wording and lexicon")
    phone_regions: list[str] = Field(
        ["DE", "GB", "US"],
        description="countries whose phone numbers are masked without their prefix as well (ISO 3166)",
    )
    quote_in_logs: bool = Field(
        False, description="logs quote what exceptions say, which may be what a shopper typed; for development"
    )
    rasa_url: str = Field("http://127.0.0.1:5005", description="where the dialogue server listens")
    host: str = Field("127.0.0.1", description="the address that the guide server binds")
    port: int = Field(5055, description="the port that the guide server binds")
    api_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET), description="the operator's API key, which has all scopes; clients get their own"
    )
    api_calls_per_minute: int = Field(
        6000, ge=1, description="calls of one API client to one group of routes in a minute, in one process"
    )
    chat_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET), description="signs chat identities; the dialogue server needs the same"
    )
    chat_url: str = Field("", description="the dialogue server as browsers reach it; empty: the same as rasa_url")
    webhook_token: SecretStr = Field(
        SecretStr(""), description="what the dialogue server sends to /webhook as ?token=…; empty: nothing is asked"
    )
    web_dir: Path = Field(Path("web"), description="the chat page")
    demo_images_dir: Path = Field(Path("demo/images"), description="the demo shop's pictures, under /demo/images")
    cors_origins: list[str] = Field([], description="origins of pages that may call the API, as a JSON list")
    consent: Literal["ask", "assumed"] = Field(
        "ask", description="ask in the chat before anything is remembered; assumed: the shop has asked elsewhere"
    )
    session_memory_hours: float = Field(
        2.0, gt=0, description="how long what was said without consent counts, in its own conversation only"
    )
    shop_name: str = Field("this shop", description="the shop's name, for the privacy notice")
    channels: list[str] = Field(
        ["the chat page"], description="how shoppers reach the guide, for the privacy notice, as a JSON list"
    )
    privacy_contact: str = Field("", description="whom to write to about personal data, for the privacy notice")
    guide_url: str = Field(
        "", description="the guide server as browsers reach it, for links; empty: http:// and its own address"
    )
    logs_dir: Path = Field(Path("var/log"), description="where logs are kept, for `shopguide shopper check`")
    exports_dir: Path = Field(Path("var/exports"), description="where `shopguide shopper export` writes copies")
    keep_events_days: int = Field(730, ge=0, description="how long feedback events are kept; 0: for ever")
    keep_slates_days: int = Field(365, ge=0, description="how long slates as shown are kept; 0: for ever")
    keep_preferences_days: int = Field(730, ge=0, description="how long evidence of tastes is kept; 0: for ever")
    keep_conversations_days: int = Field(
        90, ge=0, description="how long after its last message a conversation is kept; 0: for ever"
    )
    keep_shoppers_days: int = Field(
        730, ge=0, description="how long a shopper is kept of whom nothing else is left; 0: for ever"
    )
    withdrawn_retention_days: int = Field(
        30, ge=0, description="how long what was stored stays, unused, after consent is withdrawn; 0: for ever"
    )
    tombstone_days: int = Field(
        30, ge=0, description="how long events that come late for an erased shopper are refused; 0: for ever"
    )
    outbox_path: Path = Field(
        Path("var/outbox.db"), description="where writes wait on this machine while the shop database is away"
    )
    taste_trust: dict[str, float] = Field(
        {}, description="how much one piece of evidence says (0 to 1), by source, over the defaults of docs/profiles.md"
    )
    taste_half_life_days: dict[str, float] = Field(
        {}, description="days after which evidence says half as much, by source, over the defaults of docs/profiles.md"
    )
    rerank_taste: bool = Field(
        False, description="name what the shopper likes best to the transformer reranker, beside the need"
    )
    reward_weights: dict[str, float] = Field(
        {}, description="what events are worth where that differs from docs/feedback.md, as a JSON map by kind"
    )
    reward_window_days: dict[str, float] = Field(
        {}, description="for how long a slate is credited with events that name none, where that differs, as a JSON map"
    )
    slate_size: int = Field(5, ge=1, le=20, description="products on a slate")
    diversity: float = Field(
        0.15, ge=0, le=1, description="what likeness to a product already on the slate costs another one; 0: nothing"
    )
    max_per_brand: int = Field(
        2, ge=0, description="products of one brand on a slate at most, as long as other brands fit; 0: any number"
    )
    exploration_rate: float = Field(
        0.05, ge=0, le=0.5, description="how often a position of a slate tries another product that fits; 0: never"
    )
    fairness: float = Field(
        0.0,
        ge=0,
        le=1,
        description="how much training gives up so that groups of shoppers are served more alike; 0: nothing",
    )
    max_questions: int = Field(2, ge=0, le=5, description="questions asked at most before something is shown")
    encoder: str = Field("", description="directory of a sentence encoder; empty: all-MiniLM-L6-v2 from PyPI")
    rerank_deadline_ms: int = Field(
        150, ge=0, description="time from the start of a request until which the transformer reranker may read products"
    )
    torch_threads: int = Field(2, ge=1, description="threads of torch in the guide server")
    catalogue_poll_seconds: float = Field(2.0, gt=0, description="how often a process looks for catalogue changes")

    @property
    def browser_url(self) -> str:
        """The guide server as browsers reach it."""
        return (self.guide_url or f"http://{self.host}:{self.port}").rstrip("/")

    @model_validator(mode="after")
    def _no_placeholder_secrets_in_production(self) -> Self:
        if self.environment == "production":
            for name in ("api_key", "chat_secret"):
                if getattr(self, name).get_secret_value() == DEVELOPMENT_SECRET:
                    raise ValueError(f"SHOPGUIDE_{name.upper()} must be set in production")
            if len(self.chat_secret.get_secret_value().encode()) < SHORTEST_SECRET:
                raise ValueError(f"SHOPGUIDE_CHAT_SECRET needs at least {SHORTEST_SECRET} characters in production")
        return self


def environment_of(settings: Settings, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of another process of ours: this one's, these settings but secrets and lists, `more`."""
    own = {name: getattr(settings, name) for name in Settings.model_fields}
    texts = {name: str(value) for name, value in own.items() if isinstance(value, str | int | float | Path)}
    return {**os.environ, **{f"SHOPGUIDE_{name.upper()}": value for name, value in texts.items()}, **more}  # noqa: TID251


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the process's settings.

    Raises:
        SettingsError: a value is malformed, or a secret is a placeholder in production.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise SettingsError(problems) from error
