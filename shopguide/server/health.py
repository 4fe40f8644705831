"""Is the server alive, and is it ready?"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from shopguide.bootstrap import Shop
from shopguide.errors import DatabaseError, ShopGuideError

log = logging.getLogger(__name__)

router = APIRouter(tags=["operations"])

SHORTEST_PAUSE = 0.5
"""Seconds between two looks, however many products change."""


class Warmup:
    """Builds the catalogue index and loads the models in a thread, so that the server answers meanwhile.

    Args:
        shop: what to warm.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._stop = threading.Event()
        self._look = threading.Event()
        self._catalogue = threading.Event()
        self._models = threading.Event()
        self._failed = threading.Event()
        self._complaints: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="warm-up", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Give up what has not begun."""
        self._stop.set()
        self._look.set()

    def look(self) -> None:
        """Take a change of the catalogue up now rather than at the next look: this process has just made it."""
        self._look.set()

    def _run(self) -> None:
        for step, done in ((self._warm_catalogue, self._catalogue), (self._warm_models, self._models)):
            pause = 1.0
            while not self._stop.is_set():
                try:
                    step()
                    done.set()
                    break
                except DatabaseError as error:
                    # Databases come and go; whatever else is wrong comes up again with the first request.
                    log.warning("warm-up waits for the database: %s", error)
                except Exception:
                    log.exception("warm-up failed")
                    self._failed.set()
                    return
                self._stop.wait(pause)
                pause = min(30.0, pause * 2)
        self._keep_warm()

    def _keep_warm(self) -> None:
        """Take up new catalogues and models as they come, so that no shopper's message has to begin it."""
        shop, pause = self._shop, self._shop.settings.catalogue_poll_seconds
        while not self._stop.wait(min(pause, SHORTEST_PAUSE)):
            self._look.wait(pause)
            self._look.clear()
            if self._stop.is_set():
                return
            for what, step in (
                ("catalogue", shop.catalogue.refresh),
                ("lexicon", self._follow_lexicon),
                ("models", shop.recommender.follow),
                ("uses of API keys", shop.access.write_uses),
            ):
                self._attempt(what, step)

    def _attempt(self, what: str, step: Callable[[], object]) -> None:
        """Take one step; what goes wrong with it is told once, until it goes right again."""
        try:
            step()
            self._complaints.pop(what, None)
        except Exception as error:
            # The thread must outlive whatever one state does to it; a request meets the same error and tells.
            complaint = f"{type(error).__name__}: {error}"
            if self._complaints.get(what) != complaint:
                log.exception("%s: cannot be taken up", what)
            self._complaints[what] = complaint

    def _follow_lexicon(self) -> None:
        self._shop.lexicon.follow(self._shop.catalogue.index())

    def _warm_catalogue(self) -> None:
        self._shop.catalogue.index()
        self._attempt("lexicon", self._follow_lexicon)

    def _warm_models(self) -> None:
        self._shop.recommender.warm_up()

    def checks(self) -> dict[str, dict[str, Any]]:
        """Return the state of each part: `ok`, and what an operator wants to know beside it."""
        return {"database": self._database(), "catalogue": self._catalogue_state(), "models": self._models_state()}

    def _database(self) -> dict[str, Any]:
        try:
            return {"ok": True, "revision": self._shop.products.revision()}
        except ShopGuideError as error:
            log.warning("database: %s", error)
            return {"ok": False, "why": "cannot be reached"}

    def _catalogue_state(self) -> dict[str, Any]:
        if not self._catalogue.is_set():
            return {"ok": False, "why": "is being loaded"}
        index = self._shop.catalogue.index()
        state = {"ok": len(index) > 0, "products": len(index), "revision": index.revision}
        return state if state["ok"] else {**state, "why": "is empty: shopguide import catalogue FILE"}

    def _models_state(self) -> dict[str, Any]:
        if self._models.is_set():
            return {"ok": True, "version": self._shop.recommender.model_version}
        # Without models slates are degraded, not missing: that is no reason to keep shoppers away. While they load,
        # the first ones would wait for them.
        failed = self._failed.is_set()
        return {"ok": failed, "version": None, "why": "cannot be loaded" if failed else "are being loaded"}


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "not ready; the checks say why"}})
def readyz(request: Request, response: Response) -> dict[str, Any]:
    """Whether shoppers can be served: the database answers, catalogue and models are loaded."""
    warmup: Warmup = request.app.state.warmup
    checks = warmup.checks()
    ready = all(check["ok"] for check in checks.values())
    if not ready:
        response.status_code = 503
    return {"ready": ready, "checks": checks}
