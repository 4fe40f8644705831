"""API keys: how they look, what they allow, how they are kept."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType, TypeAlias, get_args

KeyId = NewType("KeyId", str)
"""The part of a key that is no secret: it names the key in lists and logs."""

Scope: TypeAlias = Literal[
    "chat:tokens",
    "events:write",
    "products:read",
    "products:write",
    "recommendations:read",
    "shoppers:read",
    "shoppers:write",
]
"""What a key allows."""

ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))
MAX_CLIENT = 100
_SHAPE = re.compile(r"sg_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: everything but the key itself.

    `last_used_at` is coarse: it is written once an hour at most.
    """

    key_id: KeyId
    client: str
    scopes: frozenset[Scope]
    digest: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def state(self, now: datetime) -> Literal["active", "expired", "revoked"]:
        """Return whether the key may be used at a time."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key: `text` is what the client sends. It is in no database and cannot be shown again."""

    text: str
    key: ApiKey


def issue(client: str, scopes: Iterable[Scope], now: datetime, expires_at: datetime | None = None) -> IssuedKey:
    """Return a new key that nobody can guess."""
    key_id = KeyId(secrets.token_hex(6))
    text = f"sg_{key_id}_{secrets.token_urlsafe(32)}"
    return IssuedKey(text, ApiKey(key_id, client, frozenset(scopes), digest_of(text), now, expires_at))


def key_id_of(text: str) -> KeyId | None:
    """Return which key a text says that it is, `None` if it cannot be one."""
    match = _SHAPE.fullmatch(text)
    return KeyId(match.group(1)) if match else None


def digest_of(text: str) -> str:
    """Return what is kept of a key.

    One round of SHA-256 is fitting here: slow hashes with salts protect passwords that people think up, while the 256
    random bits of a key cannot be found by trying, however quick the hash is, and no two keys are the same.
    """
    return hashlib.sha256(text.encode()).hexdigest()
