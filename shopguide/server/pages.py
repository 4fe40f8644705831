"""The chat page and the demo shop's pictures."""

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shopguide.server.problems import Problem
from shopguide.settings import Settings

_HARMLESS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# A picture opened by itself is a document: an SVG must not run scripts there.
_PICTURE = {**_HARMLESS, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


def add_pages(app: FastAPI, settings: Settings) -> None:
    """Add the chat page, its files and the demo shop's pictures."""
    policy = page_policy(settings.chat_url or settings.rasa_url)
    page = settings.web_dir / "index.html"

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        if not page.is_file():
            raise Problem(404, "The chat page is not installed here (SHOPGUIDE_WEB_DIR).")
        headers = {**_HARMLESS, "Content-Security-Policy": policy, "Cache-Control": "no-cache"}
        return FileResponse(page, headers=headers)

    for path, folder, headers in (
        ("/web", settings.web_dir, {**_HARMLESS, "Cache-Control": "no-cache"}),
        ("/demo/images", settings.demo_images_dir, {**_PICTURE, "Cache-Control": "max-age=3600"}),
    ):
        if folder.is_dir():
            app.mount(path, _Files(folder, headers))


def page_policy(socket_url: str) -> str:
    """Return the page's Content-Security-Policy: its own scripts and styles, pictures from anywhere, one socket."""
    parts = urlsplit(socket_url)
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' http: https:",
            f"connect-src 'self' {socket} {parts.scheme}://{parts.netloc}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


class _Files(StaticFiles):
    """The files of a folder, never anything outside it or a hidden one, with fixed headers."""

    def __init__(self, directory: Path, headers: dict[str, str]) -> None:
        super().__init__(directory=directory, follow_symlink=False)
        self._headers = headers

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file."""
        if any(part.startswith(".") for part in path.split("/")[:-1] if part != ".") or Path(path).name.startswith("."):
            raise Problem(404, "Not Found")
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response
