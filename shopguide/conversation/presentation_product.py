"""The payload of a comparison."""

import json

from shopguide.conversation.outcomes_product import Compared
from shopguide.conversation.presentation import Payload, item_payload, reasons_payload
from shopguide.conversation.telling_product import difference_rows
from shopguide.conversation.wording import Wording


def comparison_payload(outcome: Compared, wording: Wording) -> Payload:
    """Return products side by side as channels carry them: `rows` are the differences in words, one cell a product."""
    compared = [difference.facet for difference in outcome.differences]
    pick = outcome.products[outcome.pick.place] if outcome.pick is not None else None
    return {
        "type": "comparison",
        "items": [
            item_payload(shown.product, wording, position=shown.position, named=compared)
            | {"reasons": reasons_payload(shown.reasons, shown.product, wording)}
            for shown in outcome.products
        ],
        "rows": [row._asdict() for row in difference_rows(outcome, wording)],
        "recommended": pick.product.sku if pick is not None else None,
        "suggestions": [
            {
                "title": wording.say("suggestion.details_of", position=shown.position),
                "payload": "/ask_product_details" + json.dumps({"ordinal": shown.position}, separators=(",", ":")),
            }
            for shown in outcome.products
        ],
    }
