"""After an erasure nothing holds the shopper: not the database, the outbox, the models, logs, nor the next training."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from shopguide.bootstrap import Shop
from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.guide.erasing import Erasing
from shopguide.guide.proving import Proving
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.outbox.box import Entry
from shopguide.privacy.service import Privacy
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.candidates.lightfm import shopper_key
from shopguide.settings import Settings
from shopguide.training.data import TrainingData
from shopguide.training.job import train
from shopguide.training.redaction import forget_shopper, knows
from shopguide.training.registry import Registry
from tests.support.dialogue import FakeConversations
from tests.support.shop import migrated_sqlite
from tests.unit.recommender.synthetic import START, make_events, make_products

PHONE = ConversationId("telegram-phone-4711")
SECRET = "the secret of these tests, long enough"


class Everything:
    """A shop with models and logs, and a shopper of whom all of it knows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shop.db").write_bytes(migrated_sqlite())
        self.settings = Settings(
            database_url=f"sqlite:///{folder / 'shop.db'}",
            models_dir=folder / "models",
            lexicon_path=folder / "models" / "lexicon.jsonl",
            outbox_path=folder / "outbox.db",
            logs_dir=folder / "log",
            exports_dir=folder / "exports",
            chat_secret=SECRET,  # type: ignore[arg-type]
            torch_threads=1,
        )
        self.shop = Shop(self.settings)
        self.index = CatalogueIndex(make_products(), revision=1)
        self.conversations = FakeConversations()
        self.privacy = Privacy(self.shop.database, self.conversations, SECRET)
        self.models = ModelFolder(self.settings.models_dir / "recommender")
        self.registry = Registry(self.models)
        self.erasing = Erasing(self.privacy, self.shop.outbox, lambda shopper: forget_shopper(self.registry, shopper))
        files = [folder / name for name in ("models", "log", "exports", "shop.db", "shop.db-wal", "outbox.db")]
        self.proving = Proving(self.privacy, self.shop.outbox, lambda who: knows(self.models, who), files)

    def fill(self) -> ShopperId:
        events = make_events(self.index)
        self.shop.feedback.record(events)
        who = events[0].shopper_id
        self.shop.profiles.ensure_all({event.shopper_id for event in events})
        self.shop.profiles.link("telegram", PHONE, who)
        self.shop.profiles.record(
            [PreferenceEvidence(who, "brand", "kestrel", 1, "slot", START, conversation_id=PHONE)]
        )
        self.shop.feedback.log_slate(
            Slate(SlateId("s1"), who, PHONE, START, "s", "p", "m", None, 1, (SlateItem(Sku("P001"), 1),))
        )
        self.shop.outbox.put([Entry("waits", "event", json.dumps({"shopper_id": who}), who, PHONE)])
        self.conversations.said(PHONE, START)
        return who

    def train(self) -> None:
        data = TrainingData(self.index, "catalogue", self.shop.profiles, self.shop.feedback, self.settings)
        train(data, only="candidates")


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[Everything]:
    everything = Everything(tmp_path)
    yield everything
    everything.shop.database.close()


def test_nothing_holds_whom_was_erased_and_the_next_training_does_not_either(everything: Everything) -> None:
    who = everything.fill()
    everything.train()
    others = knows(everything.models, ShopperId(_another(everything, who)))
    assert knows(everything.models, who) == others != []
    log = everything.folder / "log" / "guide.log"
    log.parent.mkdir()
    log.write_text(f"somebody logged shopper={who}\n")

    before = everything.proving.prove(who, [PHONE])
    places = {finding.place.split(" ")[0] for finding in before.findings}
    assert places == {"table", "the", "model", "file"}, "or the proof would prove nothing"
    assert {"the outbox", "the dialogue server", f"file {log}"} <= {finding.place for finding in before.findings}

    report = everything.erasing.erase(who)
    assert (report.waiting, report.models, report.complete) == (1, 1, True)
    left = everything.proving.prove(who, report.trace.conversations)
    assert [finding.place for finding in left.findings] == [f"file {log}"], "that line is not ours"
    log.unlink()
    proof = everything.proving.prove(who, report.trace.conversations)
    assert proof.clean, proof

    version = everything.models.current()
    version.verify()
    everything.train()
    after = everything.models.current()
    assert after.name != version.name, "an erasure makes the model out of date"
    keys = set(after.array("candidates", "shopper_keys.npy").tolist())
    assert shopper_key(who) not in keys
    assert shopper_key(_another(everything, who)) in keys
    assert after.part("candidates")["data"]["shoppers"] == version.part("candidates")["data"]["shoppers"] - 1
    assert everything.proving.prove(who, report.trace.conversations).clean


def _another(everything: Everything, who: ShopperId) -> ShopperId:
    return next(event.shopper_id for event in make_events(everything.index) if event.shopper_id != who)


def test_a_training_that_read_a_shopper_before_the_erasure_does_not_bring_them_back(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = everything.fill()
    publish = Registry.publish

    def erased_just_before(registry: Registry, *args: object, **more: object) -> object:
        everything.erasing.erase(who)
        return publish(registry, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "publish", erased_just_before)
    everything.train()
    assert knows(everything.models, who) == []
    assert knows(everything.models, _another(everything, who)) != []
    everything.models.current().verify()


def test_the_serving_model_forgets_at_once(everything: Everything) -> None:
    from shopguide.recommender.live import LiveModel

    who = everything.fill()
    everything.train()
    live = LiveModel(lambda: everything.index, everything.settings)
    factors = _factors(live)
    assert factors.shopper(who) is not None
    everything.erasing.erase(who)
    deadline = time.monotonic() + 30
    while _factors(live).shopper(who) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _factors(live).shopper(who) is None
    assert _factors(live).shopper(_another(everything, who)) is not None
    assert np.isfinite(_factors(live).shoppers).all()


def _factors(live):  # type: ignore[no-untyped-def]  # whichever generator has them
    return next(g._factors for g in live.snapshot().signals.generators if hasattr(g, "_factors"))


def test_a_place_that_cannot_be_looked_at_is_no_proof(everything: Everything) -> None:
    who = everything.fill()
    everything.conversations.down = True
    report = everything.erasing.erase(who)
    assert not report.complete
    proof = everything.proving.prove(who, report.trace.conversations)
    assert not proof.clean
    assert [place.split(" (")[0] for place in proof.unchecked] == ["the dialogue server"]
    assert "table pending_erasures.conversation_id" in {finding.place for finding in proof.findings}
    everything.conversations.down = False
    everything.privacy.finish()
    assert everything.proving.prove(who, report.trace.conversations).clean


ERASER = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from shopguide.bootstrap import Shop
from shopguide.ids import ShopperId
from shopguide.settings import Settings

folder, who, secret, left = Path(sys.argv[1]), ShopperId(sys.argv[2]), sys.argv[3], int(sys.argv[4])
shop = Shop(Settings(database_url=f"sqlite:///{folder / 'shop.db'}", outbox_path=folder / "outbox.db",
                     models_dir=folder / "models", rasa_url="http://127.0.0.1:9", chat_secret=secret))

@event.listens_for(shop.database.engine, "before_cursor_execute")
def killed(_connection, _cursor, statement, *_):
    global left
    if statement.split()[0] in ("DELETE", "INSERT", "UPDATE"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

shop.erasing.erase(who)
"""


def test_killed_in_the_middle_it_is_all_or_nothing_and_can_be_done_again(everything: Everything) -> None:
    who = everything.fill()
    everything.shop.profiles.set_consent(who, "analytics", True, source="chat")
    before = dict(everything.privacy.kept(who).tables)
    root = str(Path(__file__).parents[2])
    ends = []
    for changes in range(0, 40, 3):
        command = [sys.executable, "-c", ERASER, str(everything.folder), who, SECRET, str(changes)]
        ended = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": root})
        ends.append(ended.returncode)
        if everything.privacy.store.trace(who) is None:
            assert everything.privacy.erased_at(who) is not None, "rows without a tombstone"
            assert [one.conversation_id for one in everything.privacy.store.pending()] == [PHONE]
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        assert dict(everything.privacy.kept(who).tables) == before, "half an erasure"
        assert everything.privacy.erased_at(who) is None and not everything.privacy.store.pending()
    assert len(ends) > 3, "it was killed in the middle a few times"
    everything.erasing.erase(who)
    assert everything.proving.prove(who, [PHONE]).clean


def test_a_slate_at_hand_is_forgotten_too(everything: Everything) -> None:
    items = (SlateItem(Sku("P001"), 1),)
    shown = {
        who: Slate(SlateId(who), ShopperId(who), PHONE, START, "s", "p", "m", None, 1, items) for who in ("ann", "bob")
    }
    recorder = everything.shop.recorder
    for slate in shown.values():
        recorder.keep(slate)
    everything.shop.database.close()
    Erasing(everything.privacy, everything.shop.outbox, lambda _: 0, recorder.forget).erase(ShopperId("bob"))
    assert recorder.slate(SlateId("bob")) is None
    assert recorder.slate(SlateId("ann")) == shown["ann"]


def test_an_event_from_before_the_erasure_does_not_bring_anybody_back(everything: Everything) -> None:
    who = everything.fill()
    everything.erasing.erase(who)
    now = datetime.now(UTC)
    late = FeedbackEvent("late", "click", who, now - timedelta(hours=1), Sku("P001"))
    result = everything.shop.recorder.take([late], teach=False)
    assert [event_id for event_id, _ in result.refused] == ["late"]
    assert everything.privacy.store.trace(who) is None
