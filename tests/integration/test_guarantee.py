"""The guarantee over simulated conversations: no constraint broken, nothing invented, no silence.

A thousand conversations: `shopguide evaluate dialogue --shoppers 1000 --guarantee` (docs/evaluation.md).
"""

import pytest
from tooling.digests import ROOT

from shopguide.bootstrap import Shop
from shopguide.evaluation.dialogue.client import RestGuide
from shopguide.evaluation.dialogue.guarantee import Checker
from shopguide.evaluation.dialogue.phrases import read_phrases
from shopguide.evaluation.dialogue.run import Arm, Search
from shopguide.evaluation.dialogue.scratch import Ground
from shopguide.evaluation.dialogue.targets import split
from shopguide.evaluation.reranker.layouts import find_layout
from tests.support.live_shop import TOKEN, LiveShop

CONVERSATIONS = 100


@pytest.mark.slow
def test_a_hundred_conversations_keep_the_guarantee(shop: LiveShop) -> None:
    ours = Shop(shop.settings)
    quests = split(find_layout(ROOT / "demo").read_events(), ours.catalogue.index(), CONVERSATIONS, seed=7)
    search = Search(Ground(ours, quests, ""), read_phrases(ROOT / "tests/support/simulator_phrases.yml"), 7, asides=0.3)
    checker = Checker(search.index, search.lexicon)
    with RestGuide(shop.rasa_url, TOKEN, slots=True) as guide:
        found = [
            search.talking(Arm.STRANGER, quest, 0.1, guide, checker.conversation()).outcome.found
            for quest in quests.quests
        ]
    report = checker.report()
    assert report["found"] == []
    assert report["conversations"] == CONVERSATIONS
    assert report["turns"] > 3 * CONVERSATIONS
    assert report["facts"] > 50 * CONVERSATIONS
    assert sum(one is not None for one in found) > 0.8 * CONVERSATIONS, "shoppers find what they look for"
