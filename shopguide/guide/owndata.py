"""What the use cases around a shopper's own data stand on."""

from dataclasses import dataclass
from urllib.parse import urlencode

from shopguide.guide.consenting import Consenting
from shopguide.guide.erasing import Erasing
from shopguide.ids import ShopperId
from shopguide.privacy.service import Privacy
from shopguide.profiles.service import Profiles

COPY_PATH = "/privacy/copy"
"""Where the guide server hands out a shopper's own copy."""


@dataclass(frozen=True, slots=True)
class OwnData:
    """What the use cases stand on.

    Args:
        profiles: shoppers, tastes and consents.
        consenting: takes decisions.
        erasing: erases everywhere.
        privacy: what the shop database holds of a shopper.
        guide_url: the guide server as browsers reach it.
    """

    profiles: Profiles
    consenting: Consenting
    erasing: Erasing
    privacy: Privacy
    guide_url: str

    def copy_link(self, shopper_id: ShopperId) -> str:
        """Return an address that shows a shopper everything kept of them, for an hour."""
        return f"{self.guide_url}{COPY_PATH}?{urlencode({'token': self.privacy.copy_token(shopper_id)})}"
