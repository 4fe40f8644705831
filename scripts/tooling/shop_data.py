"""The shop's data for `make run`: the demo shop where there is no other, the lexicon, the recommender's first model."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Optional

from tooling.commands import doctor, guide_environment, shopguide
from tooling.console import Failed, bold, say, skipped, step
from tooling.digests import ROOT, Stamps, digest
from tooling.environments import GUIDE

DEMO = ROOT / "demo"
_STEPS = Stamps(ROOT / ".setup" / "steps")
# What the lexicon is made with, beside the catalogue itself.
_LEXICON_SOURCES = (ROOT / "shopguide" / "catalogue", ROOT / "lexicon")


def check(state: Dict[str, Any], name: str) -> Dict[str, str]:
    """Return one of the doctor's findings."""
    found: Dict[str, str] = next(check for check in state["checks"] if check["name"] == name)
    return found


def is_ok(state: Dict[str, Any], name: str) -> bool:
    """Tell whether the doctor is content with something."""
    return check(state, name)["state"] == "ok"


def bring_up_to_date(state: Dict[str, Any]) -> Dict[str, Any]:
    """Import, export and train what is missing or stale; return the state after it.

    Raises:
        Failed: a step failed.
    """
    if check(state, "guide environment")["state"] == "broken":
        raise Failed(f"The guide server's environment is broken: {check(state, 'guide environment')['detail']}")
    imported = import_demo_shop(state)
    if imported:
        state = doctor()
        _STEPS.put("demo", files=demo_digest(), catalogue=state["catalogue_digest"])
    lexicon_inputs = digest(_LEXICON_SOURCES, state["catalogue_digest"])
    if is_ok(state, "lexicon") and (imported or _STEPS.get("lexicon").get("inputs") == lexicon_inputs):
        skipped("lexicon", "written by the import" if imported else "up to date")
    else:
        _say_step("lexicon: the catalogue's own words, for the dialogue server")
        shopguide("lexicon", "export")
    _STEPS.put("lexicon", inputs=lexicon_inputs)
    if is_ok(state, "recommender"):
        skipped("recommender")
    else:
        _say_step("recommender: training candidate generators")
        shopguide("train", "--only", "candidates")
        state = doctor()
    use_demo_policies(state)
    return state


def use_demo_policies(state: Dict[str, Any]) -> None:
    """Let the servers started from here answer from the demo shop's policies, if it is that and none are named."""
    is_demo = _STEPS.get("demo").get("catalogue") == state["catalogue_digest"]
    if is_demo and "SHOPGUIDE_POLICIES" not in guide_environment():
        os.environ["SHOPGUIDE_POLICIES"] = str(DEMO / "policies")


def import_demo_shop(state: Dict[str, Any]) -> bool:
    """Import the demo shop if the database is empty or still holds an older demo shop; a shop's own is left alone."""
    noted, empty = _STEPS.get("demo"), check(state, "catalogue")["state"] == "missing"
    if not empty and not noted.get("importing"):
        if noted.get("catalogue") != state["catalogue_digest"]:
            skipped("demo shop", "the database holds another catalogue, which stays")
            return False
        if noted.get("files") == demo_digest():
            skipped("demo shop")
            return False
    _STEPS.put("demo", importing="begun")  # after a break the next run imports again, events included
    generate_demo_shop()
    _say_step("demo shop: importing products, shoppers and their events")
    shopguide("import", "catalogue", _demo_file("catalogue"), "--mapping", str(DEMO / "mapping.yml"), "--replace")
    shopguide("import", "shoppers", _demo_file("shoppers"))
    shopguide("import", "events", _demo_file("events"))
    return True


def generate_demo_shop() -> None:
    """Draw the demo shop where it is not in the repository; the same seed gives the same bytes."""
    if _find("catalogue"):
        return
    with step("demo shop: drawing it"):
        command: List[str] = [str(GUIDE.python), str(DEMO / "generate.py")]
        ran = subprocess.run(
            command, cwd=str(ROOT), env=guide_environment(), capture_output=True, text=True, check=False
        )
    if ran.returncode:
        raise Failed(f"Drawing the demo shop failed:\n{ran.stderr}")


def demo_digest() -> str:
    """Digest what the demo shop is imported from."""
    files = [path for path in map(_find, ("catalogue", "shoppers", "events")) if path]
    return digest([*files, DEMO / "mapping.yml"])


def _find(name: str) -> Optional[Path]:
    return next((path for path in sorted(DEMO.glob(f"{name}.*")) if path.suffix in (".jsonl", ".csv", ".gz")), None)


def _demo_file(name: str) -> str:
    path = _find(name)
    if not path:
        raise Failed(f"The demo shop has no {name}: demo/{name}.* is not there.")
    return str(path)


def _say_step(text: str) -> None:
    say(f"{bold('→')} {text}")
