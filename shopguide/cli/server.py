"""`shopguide serve`: the guide server."""

from typing import Annotated

import typer


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the command."""
    root.command("serve")(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind; otherwise SHOPGUIDE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind; otherwise SHOPGUIDE_PORT.")] = None,
) -> None:
    """Run the guide server: Rasa's webhook, the API, the chat page, health and metrics."""
    import uvicorn

    from shopguide.bootstrap import get_shop
    from shopguide.server.app import create_app
    from shopguide.server.logs import set_up_logs
    from shopguide.settings import get_settings

    settings = get_settings()
    set_up_logs(quote=settings.quote_in_logs, regions=settings.phone_regions)
    shop = get_shop()
    # No access log: paths hold shoppers' ids. /metrics counts requests by route.
    uvicorn.run(
        create_app(shop),
        host=host or shop.settings.host,
        port=shop.settings.port if port is None else port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )
