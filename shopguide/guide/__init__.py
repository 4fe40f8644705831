"""The assistant's use cases, which actions, the API and evaluation call."""

from shopguide.guide.comparing import ComparisonCases
from shopguide.guide.privacy import PrivacyCases
from shopguide.guide.products import ProductCases
from shopguide.guide.questions import QuestionCases
from shopguide.guide.requests import RequestCases
from shopguide.guide.returning import ReturnCases
from shopguide.guide.reviewing import ReviewCases
from shopguide.guide.shoppers import ShopperCases
from shopguide.guide.stock import StockCases

__all__ = ["Guide"]


class Guide(
    StockCases,
    ReturnCases,
    ProductCases,
    ComparisonCases,
    ReviewCases,
    QuestionCases,
    ShopperCases,
    PrivacyCases,
    RequestCases,
):
    """The assistant, free of channels and of Rasa: it takes turns and needs, and returns outcomes without wording."""
