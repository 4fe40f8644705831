"""The benchmark of understanding: its messages, and how it finds a server's process."""

import json
import os
import socket
import sys

import pytest

from bench.understanding import measure, memory_of, messages, process_at
from tests.unit.evaluation.fakes import FakeDialogue


def test_messages_are_as_many_as_wanted_all_different_and_the_same_every_time() -> None:
    texts = messages(300, seed=0)
    assert len(texts) == len(set(texts)) == 300
    assert all(texts)
    assert texts == messages(300, seed=0)
    assert texts != messages(300, seed=1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_finds_the_process_that_listens_and_what_it_holds() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert process_at(url) is None
        listening.listen()
        assert process_at(url) == os.getpid()
    held = memory_of(os.getpid())
    assert 10 < held["memory_mib"] <= held["peak_memory_mib"]
    assert memory_of(None) == {"memory_mib": None, "peak_memory_mib": None}


def test_every_server_gets_every_message_and_the_ratio_is_to_the_first() -> None:
    ours, stock = FakeDialogue({}), FakeDialogue({})
    report = measure({"ours": ours.parser(), "stock": stock.parser()}, 20, seed=0)
    assert ours.asked == stock.asked
    assert len(ours.asked) == 20 + 10
    assert [row["server"] for row in report["servers"]] == ["ours", "stock"]
    assert report["servers"][0]["p50_ratio"] == 1.0
    json.dumps(report)
