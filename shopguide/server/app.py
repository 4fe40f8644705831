"""The guide server as one FastAPI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from shopguide.bootstrap import Shop
from shopguide.server import api, chat, health, products, shoppers
from shopguide.server.chores import Chores, chores_of
from shopguide.server.docs import add_docs
from shopguide.server.health import Warmup
from shopguide.server.limits import BodyLimit, RateLimit, json_only
from shopguide.server.metrics import Metrics, MetricsMiddleware
from shopguide.server.openapi import GuideApp
from shopguide.server.pages import add_pages
from shopguide.server.problems import add_problem_handlers
from shopguide.server.security import ChatTokens

MAX_BODY = 2**20
MAX_PRODUCTS_BODY = 8 * 2**20
DESCRIPTION = (
    "A self-hosted shopping guide. Calls by the shop carry a key in `X-API-Key`; errors are "
    "`application/problem+json`; times are ISO 8601 with their zone."
)


def create_app(shop: Shop, *, actions: str = "actions") -> FastAPI:
    """Build the application; it loads catalogue and models in the background once it is started.

    Args:
        shop: the parts that it serves.
        actions: the package of Rasa actions behind /webhook.

    Raises:
        SettingsError: the actions cannot be imported.
    """
    from shopguide.server.webhook import MAX_BODY as MAX_WEBHOOK_BODY
    from shopguide.server.webhook import load_actions, webhook_router

    settings = shop.settings
    app = GuideApp(
        title="ShopGuide",
        version=version("shopguide"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,  # FastAPI's own pages load their scripts from a CDN
        redoc_url=None,
    )
    app.state.shop = shop
    app.state.warmup = Warmup(shop)
    app.state.chores = Chores(chores_of(shop))
    app.state.metrics = Metrics()
    app.state.metrics.watch_outbox(shop.outbox)
    app.state.chat_tokens = ChatTokens(settings.chat_secret.get_secret_value())
    app.state.chat_limits = chat.ChatLimits()
    app.state.copy_limit = RateLimit(shoppers.COPIES_PER_MINUTE)
    app.state.api_limits = RateLimit(settings.api_calls_per_minute)

    app.include_router(health.router)
    app.include_router(app.state.metrics.router())
    app.include_router(webhook_router(load_actions(actions), settings.webhook_token.get_secret_value()))
    app.include_router(shoppers.pages)
    for routes in (api, products, shoppers, chat):
        app.include_router(routes.router, dependencies=[Depends(json_only)])
    add_docs(app)
    add_pages(app, settings)
    add_problem_handlers(app)

    app.add_middleware(
        BodyLimit, default=MAX_BODY, by_path={"/webhook": MAX_WEBHOOK_BODY, "/v1/products": MAX_PRODUCTS_BODY}
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key"],
        )
    # Added last and so outermost: it also counts what the others refuse.
    app.add_middleware(MetricsMiddleware, metrics=app.state.metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    warmup: Warmup = app.state.warmup
    chores: Chores = app.state.chores
    warmup.start()
    chores.start()
    yield
    warmup.stop()
    chores.stop()
