"""One evaluation from beginning to end: a scratch shop, its servers, the arms, the report."""

import json
import random
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from lexicon.entries import read as read_lexicon
from shopguide.errors import UnreadableFile
from shopguide.evaluation.dialogue.clicker import Clicker
from shopguide.evaluation.dialogue.client import CHANNEL, Guide, RestGuide
from shopguide.evaluation.dialogue.facts import Facts
from shopguide.evaluation.dialogue.guarantee import Checker
from shopguide.evaluation.dialogue.outcome import Outcome
from shopguide.evaluation.dialogue.phrases import Phrasebook, read_phrases
from shopguide.evaluation.dialogue.report import pairs, rows
from shopguide.evaluation.dialogue.scratch import Ground, running, scratch
from shopguide.evaluation.dialogue.servers import MODEL, RASA, TOKEN, Servers
from shopguide.evaluation.dialogue.shopper import Shopper
from shopguide.evaluation.dialogue.speech import Speech
from shopguide.evaluation.dialogue.talking import Check, Talk, talk
from shopguide.evaluation.dialogue.targets import Quest
from shopguide.training.data import Progress

FOUND_BY_WORDS = 1000
"""Products that words find at most."""


class Arm(StrEnum):
    """Who looks for the product, and how."""

    CLICKER = "facet_clicker"
    POPULAR = "popular_facets"
    BM25 = "bm25_facets"
    STRANGER = "guide_no_profile"
    NO_RERANKER = "guide_no_reranker"
    GUIDE = "guide"


CLICKING = (Arm.CLICKER, Arm.POPULAR, Arm.BM25)
TALKING = (Arm.GUIDE, Arm.STRANGER, Arm.NO_RERANKER)


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Args:
        dataset: a folder with a catalogue and events.
        phrases: the file of phrasings.
        arms: who looks.
        noises: how often a statement is wrong, one run for each.
        shoppers: how many.
        seed: draws shoppers, products and whatever they leave to chance.
        minutes: for training the reranker; 0: none.
        rasa: the program of the dialogue server.
        model: the dialogue model.
        url: a dialogue server that runs, with the shop of the settings behind it; empty: servers of our own.
        token: of its API.
        check: whether every reply is checked.
        asides: how often shoppers say something else.
        keep: where conversations are written to, if anywhere.
    """

    dataset: Path
    phrases: Path
    arms: tuple[Arm, ...] = tuple(Arm)
    noises: tuple[float, ...] = (0.0,)
    shoppers: int = 200
    seed: int = 0
    minutes: float = 0.0
    rasa: Path = RASA
    model: Path = Path("models") / MODEL
    url: str = ""
    token: str = ""
    check: bool = False
    asides: float = 0.0
    keep: Path | None = None


def evaluate(plan: Plan, folder: Path, progress: Progress) -> dict[str, Any]:
    """Measure, and return the report.

    Args:
        plan: see `Plan`.
        folder: of the scratch shop.
        progress: see `Progress`.

    Raises:
        UnreadableFile: the data set, the phrasings or the dialogue model cannot be read.
        DialogueServerUnavailable: a server could not be started, or stopped answering.
    """
    phrases = read_phrases(plan.phrases)
    if plan.url:
        ground = running(plan.dataset, count=plan.shoppers, seed=plan.seed)
    else:
        ground = scratch(
            folder, plan.dataset, count=plan.shoppers, seed=plan.seed, minutes=plan.minutes, progress=progress
        )
    search = Search(ground, phrases, plan.seed, plan.asides)
    run = _Run(plan, search, folder, progress)
    for arm in CLICKING:
        if arm in plan.arms:
            for noise in plan.noises:
                run.found[noise][arm] = [search.clicking(arm, quest, noise) for quest in ground.split.quests]
    run.talk([arm for arm in TALKING if arm in plan.arms])
    content = {
        "dataset": plan.dataset.name,
        "sha256": ground.sha256,
        "split": f"bought after {ground.split.at.isoformat()}, in the latest fifth of the events",
        "shoppers": len(ground.split.quests),
        "seed": plan.seed,
        "trained": "as the running shop was" if plan.url else "on what happened before that",
        "reranker": ground.reranked,
        "models": [row for noise, arms in run.found.items() for row in rows(arms, noise)],
        "paired": [row for noise, arms in run.found.items() for row in pairs(arms, noise)],
    }
    return content | ({"guarantee": run.checker.report()} if run.checker else {})


class _Run:
    """The arms that talk, one after the other.

    Args:
        plan: see `Plan`.
        search: everybody's searches.
        folder: for the servers' files.
        progress: see `Progress`.
    """

    def __init__(self, plan: Plan, search: "Search", folder: Path, progress: Progress) -> None:
        self._plan, self._search, self._folder, self._progress = plan, search, folder, progress
        self.found: dict[float, dict[str, list[Outcome]]] = {noise: {} for noise in plan.noises}
        self.checker = Checker(search.index, search.lexicon) if plan.check else None

    def talk(self, arms: Sequence[Arm]) -> None:
        """Hold all conversations of some arms."""
        plan, quests = self._plan, self._search.ground.split.quests
        if plan.url and Arm.NO_RERANKER in arms:
            raise UnreadableFile(f"{Arm.NO_RERANKER} needs a guide server of its own: leave it out with --rasa-url")
        total, done = len(arms) * len(plan.noises) * len(quests), 0
        with ExitStack() as stack:
            servers = None if plan.url or not arms else self._servers()
            url, token = (plan.url, plan.token) if servers is None else (stack.enter_context(servers.dialogue()), TOKEN)
            guide = stack.enter_context(RestGuide(url, token, slots=plan.check))
            for arm in arms:
                with _serving(servers, arm):
                    for noise in plan.noises:
                        outcomes = self.found[noise].setdefault(arm, [])
                        for quest in quests:
                            outcomes.append(self._held(arm, quest, noise, guide))
                            done += 1
                            self._progress(str(arm), done / total)

    def _servers(self) -> Servers:
        return Servers(self._folder, self._search.ground.shop.settings, self._plan.rasa, self._plan.model)

    def _held(self, arm: Arm, quest: Quest, noise: float, guide: Guide) -> Outcome:
        check = self.checker.conversation() if self.checker is not None else None
        held = self._search.talking(arm, quest, noise, guide, check)
        if self._plan.keep is not None:
            with self._plan.keep.open("a", encoding="utf-8") as out:
                out.write(json.dumps(held.as_json(arm, self._search.index.skus[quest.row]), ensure_ascii=False) + "\n")
        return held.outcome


@contextmanager
def _serving(servers: Servers | None, arm: Arm) -> Iterator[None]:
    if servers is None:
        yield
        return
    changed: dict[str, object] = {"rerank_deadline_ms": 0} if arm is Arm.NO_RERANKER else {}
    with servers.guide(**changed):
        yield


@dataclass
class Search:
    """Everybody's search, arm by arm: the same shopper has the same luck in each.

    Args:
        ground: the shop and who looks for what.
        phrases: how shoppers speak.
        seed: of all that is left to chance.
        asides: how often they say something else when they talk.
    """

    ground: Ground
    phrases: Phrasebook
    seed: int
    asides: float = 0.0

    def __post_init__(self) -> None:
        """Read what things are called and how popular they are."""
        self.index = self.ground.shop.catalogue.index()
        self.lexicon = read_lexicon(self.ground.shop.settings.lexicon_path)
        self._run = secrets.token_hex(4)
        self._speech = Speech(self.index, self.lexicon)
        self._popularity = np.zeros(len(self.index))
        for event in self.ground.split.past:
            if event.sku is not None and event.sku in self.index and event.kind in ("click", "like", "purchase"):
                self._popularity[self.index.row(event.sku)] += 1

    def clicking(self, arm: Arm, quest: Quest, noise: float) -> Outcome:
        """Let a shopper click."""
        source, facts = self._source(quest, noise), Facts(self.index, quest.row)
        words, found = 0, None
        if arm is Arm.BM25:
            query = self._shopper(quest, noise).open().text
            rows, _ = self.index.search(query, self.index.matching(), FOUND_BY_WORDS)
            words, found = len(query.split()), rows
        clicker = Clicker(facts, self._popularity, noise, source, by_popularity=arm is Arm.POPULAR, found=found)
        outcome = clicker.shop()
        outcome.words = words
        return outcome

    def talking(self, arm: Arm, quest: Quest, noise: float, guide: Guide, check: Check | None) -> Talk:
        """Let a shopper talk, as themselves or (without a profile) as a stranger."""
        sender = f"simulated-{self._run}-{arm}-{noise:g}-{quest.shopper}-{quest.row}"
        if arm is not Arm.STRANGER:
            self.ground.shop.profiles.link(CHANNEL, sender, quest.shopper)
        return talk(self._shopper(quest, noise, self.asides), guide, sender, self.index, check)

    def _shopper(self, quest: Quest, noise: float, asides: float = 0.0) -> Shopper:
        facts, source = Facts(self.index, quest.row), self._source(quest, noise)
        return Shopper(facts, self.phrases, self._speech, noise, source, asides)

    def _source(self, quest: Quest, noise: float) -> random.Random:
        return random.Random(f"{self.seed}|{quest.shopper}|{quest.row}|{noise:g}")  # noqa: S311  (a measurement)
