"""API keys on both databases, seen by two processes."""

from datetime import timedelta

import pytest

from shopguide.access.service import Access
from shopguide.db.engine import Database
from shopguide.errors import BadKey


def test_a_key_made_here_is_good_there_until_it_ends(database: Database) -> None:
    here, there = Access(database), Access(database, ticks=iter(range(0, 1_000, 10)).__next__)
    issued = here.create("shop", ["events:write", "shoppers:read"], timedelta(days=30))
    assert there.caller(issued.text).scopes == {"events:write", "shoppers:read"}
    successor = here.rotate(issued.key.key_id, timedelta(hours=1))
    assert there.caller(issued.text).client == there.caller(successor.text).client == "shop"
    here.revoke(issued.key.key_id)
    with pytest.raises(BadKey, match="revoked"):
        there.caller(issued.text)
    there.write_uses()
    listed = {key.key_id: key for key in here.all_keys()}
    assert listed[successor.key.key_id].last_used_at is not None
    assert listed[issued.key.key_id].expires_at < successor.key.expires_at  # type: ignore[operator]
