"""Checks keys, and creates, rotates and ends them."""

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shopguide.access.keys import ALL_SCOPES, MAX_CLIENT, ApiKey, IssuedKey, KeyId, Scope, digest_of, issue, key_id_of
from shopguide.access.store import KeyStore
from shopguide.db.engine import Database
from shopguide.errors import BadKey, DatabaseError, UnknownKey

log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 3.0
"""How long a key is not looked up again, and so how long a revoked one may still work."""

WITHOUT_DATABASE_SECONDS = 3600.0
"""How long a key that was good is good while the database is down: nobody can revoke it there meanwhile, and a shop's
events must be taken."""

REMEMBERED_KEYS = 1_000
USE_WRITTEN_EVERY = timedelta(hours=1)
DEFAULT_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a client and what its key allows."""

    client: str
    scopes: frozenset[Scope]


class Access:
    """API keys of one shop.

    Args:
        database: the shop database, migrated.
        clock: the time; tests bring their own.
        ticks: seconds that only grow; tests bring their own.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = KeyStore(database)
        self._clock = clock
        self._ticks = ticks
        self._lock = threading.Lock()
        self._seen: OrderedDict[KeyId, tuple[ApiKey | None, float]] = OrderedDict()
        self._used: dict[KeyId, datetime] = {}

    def caller(self, text: str) -> Caller:
        """Return who calls with a key.

        Raises:
            BadKey: it is unknown, has expired or was revoked; the message says which, the latter two only to whoever
                holds the key.
            DatabaseError: the key has not been seen in the last hour and the database cannot be reached.
        """
        key_id = key_id_of(text)
        key = self._key(key_id) if key_id is not None else None
        if key is None or not secrets.compare_digest(key.digest, digest_of(text)):
            raise BadKey("The key is unknown.")
        now = self._clock()
        state = key.state(now)
        if state != "active":
            raise BadKey("The key has expired." if state == "expired" else "The key was revoked.")
        if key.last_used_at is None or now - key.last_used_at >= USE_WRITTEN_EVERY:
            with self._lock:
                self._used[key.key_id] = now
        return Caller(key.client, key.scopes)

    def create(self, client: str, scopes: Iterable[Scope], lifetime: timedelta | None = None) -> IssuedKey:
        """Create a key.

        Args:
            client: who will use it; several keys may be one client's.
            scopes: what it allows.
            lifetime: how long it holds; until it is revoked if absent.

        Raises:
            BadKey: the client has no fit name, there is no scope or one that does not exist, or no lifetime is left.
        """
        allowed = frozenset(scopes)
        if not client.strip() or len(client) > MAX_CLIENT or not client.isprintable():
            raise BadKey(f"a client has a name of at most {MAX_CLIENT} characters")
        if unknown := sorted(allowed - ALL_SCOPES):
            raise BadKey(f"no scope {unknown[0]!r}; there are {', '.join(sorted(ALL_SCOPES))}")
        if not allowed:
            raise BadKey(f"a key needs a scope: {', '.join(sorted(ALL_SCOPES))}")
        if lifetime is not None and lifetime <= timedelta(0):
            raise BadKey("a key that has expired at once is of no use")
        now = self._clock()
        issued = issue(client.strip(), allowed, now, None if lifetime is None else now + lifetime)
        self._store.add(issued.key)
        return issued

    def rotate(self, key_id: KeyId, overlap: timedelta = DEFAULT_OVERLAP) -> IssuedKey:
        """Create a key with a key's client, scopes and lifetime, and let the old one end after the overlap.

        Raises:
            UnknownKey: there is no such key.
            BadKey: it has ended already, or the overlap is negative.
        """
        now = self._clock()
        old = self._store.get(key_id)
        if old is None:
            raise UnknownKey(f"no API key {key_id!r}")
        if (state := old.state(now)) != "active":
            raise BadKey(f"key {key_id} is {state}; create a new one")
        if overlap < timedelta(0):
            raise BadKey("the overlap cannot be negative")
        lifetime = old.expires_at - old.created_at if old.expires_at is not None else None
        issued = issue(old.client, old.scopes, now, None if lifetime is None else now + lifetime)
        self._store.replace(key_id, issued.key, now + overlap)
        return issued

    def revoke(self, key_id: KeyId) -> None:
        """End a key; every process obeys within seconds.

        Raises:
            UnknownKey: there is no such key.
        """
        self._store.revoke(key_id, self._clock())
        with self._lock:
            self._seen.pop(key_id, None)

    def all_keys(self) -> list[ApiKey]:
        """Return all keys, ended ones among them, the oldest first."""
        return self._store.all()

    def write_uses(self) -> None:
        """Write down which keys were used: apart from the calls, which must not wait for a write.

        Raises:
            DatabaseError: the database cannot be reached; they are written the next time.
        """
        with self._lock:
            used = dict(self._used)
        if not used:
            return
        self._store.used(used)
        with self._lock:
            for key_id in used:
                self._used.pop(key_id, None)
                # What is remembered does not know of the use and would report it again.
                self._seen.pop(key_id, None)

    def _key(self, key_id: KeyId) -> ApiKey | None:
        now = self._ticks()
        with self._lock:
            known = self._seen.get(key_id)
        if known is not None and now - known[1] < REMEMBERED_SECONDS:
            return known[0]
        try:
            key = self._store.get(key_id)
        except DatabaseError:
            if known is not None and known[0] is not None and now - known[1] < WITHOUT_DATABASE_SECONDS:
                return known[0]
            raise
        with self._lock:
            self._seen[key_id] = (key, now)
            self._seen.move_to_end(key_id)
            if len(self._seen) > REMEMBERED_KEYS:
                self._seen.popitem(last=False)
        return key
