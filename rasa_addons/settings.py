"""Settings of the dialogue server; the only module here that reads the environment.

The names are those of the guide server's `shopguide.settings`, so that one `.env` serves both.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105  (refused outside development)


class SettingsError(Exception):
    """A setting is malformed, or a secret is a placeholder in production."""


@dataclass(frozen=True)
class Settings:
    """What an operator can set; each field is `SHOPGUIDE_<NAME>` in the environment or in `.env`."""

    environment: str = "development"
    chat_secret: str = DEVELOPMENT_SECRET
    """Verifies chat identities; the guide server signs with the same."""
    lexicon_path: Path = Path("models/lexicon.jsonl")
    encoder: str = ""
    """Directory of a sentence encoder; empty: all-MiniLM-L6-v2 from PyPI."""
    action_url: str = ""
    """Webhook of the guide server; empty: the one in endpoints.yml."""
    quote_in_logs: bool = False
    """Leave Rasa's logs as they are, with what shoppers type; for development."""

    @property
    def production(self) -> bool:
        """Whether identities must be proven and placeholders are refused."""
        return self.environment == "production"


def _dotenv(path: Path) -> dict[str, str]:
    """Return the plain `KEY=value` lines of a file, quotes taken off; nothing if there is no file."""
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {key.removeprefix("export ").strip(): value.strip().strip("\"'") for key, equals, value in pairs if equals}


def read_settings(environ: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Settings:
    """Return the settings as they stand now; the environment goes before `.env`.

    Raises:
        SettingsError: the environment is unknown, or a secret is a placeholder in production.
    """
    found = {**_dotenv(dotenv), **(os.environ if environ is None else environ)}
    defaults = Settings()

    def setting(name: str) -> str:
        return found.get(f"SHOPGUIDE_{name.upper()}") or str(getattr(defaults, name))

    settings = Settings(
        environment=setting("environment"),
        chat_secret=setting("chat_secret"),
        lexicon_path=Path(setting("lexicon_path")),
        encoder=setting("encoder"),
        action_url=setting("action_url"),
        quote_in_logs=setting("quote_in_logs").lower() in {"1", "true", "yes", "on", "t", "y"},  # as pydantic reads it
    )
    if settings.environment not in {"development", "production"}:
        raise SettingsError(f"SHOPGUIDE_ENVIRONMENT is {settings.environment!r}: development or production")
    if settings.production and settings.chat_secret == DEVELOPMENT_SECRET:
        raise SettingsError("SHOPGUIDE_CHAT_SECRET must be set in production")
    return settings
