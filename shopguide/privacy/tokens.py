"""Signed words between servers, and links that open one thing for a while (JWT, HS256)."""

import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SHORTEST_KEY = 32
"""Bytes that HS256 wants of a key (RFC 7518, section 3.2); settings allow fewer in development only."""
_ALGORITHM = "HS256"


class Tokens:
    """Signs and checks tokens for one audience: one for something else does not open it.

    Args:
        secret: the key.
        audience: what the tokens are for.
    """

    def __init__(self, secret: str, audience: str) -> None:
        self._secret = secret
        self._audience = audience

    def issue(self, ends: datetime, claims: Mapping[str, Any] | None = None) -> str:
        """Return a token that holds until a time."""
        import jwt

        self._be_quiet_about_short_keys()
        return jwt.encode({"aud": self._audience, "exp": ends, **(claims or {})}, self._secret, _ALGORITHM)

    def read(self, token: str, now: datetime) -> dict[str, Any] | None:
        """Return what a token says, `None` if it is forged, meant for something else or has ended."""
        import jwt

        self._be_quiet_about_short_keys()
        # The time is compared here: PyJWT knows no other clock than the system's.
        options: Any = {"require": ["exp", "aud"], "verify_exp": False}
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._secret, [_ALGORITHM], audience=self._audience, options=options
            )
        except jwt.InvalidTokenError:
            return None
        ends = claims["exp"]
        return claims if isinstance(ends, int | float) and now.timestamp() < ends else None

    def _be_quiet_about_short_keys(self) -> None:
        if len(self._secret.encode()) < SHORTEST_KEY:
            import jwt

            warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)
