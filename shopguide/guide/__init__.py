"""The assistant's use cases, which actions, the API and evaluation call."""

from shopguide.guide.privacy import PrivacyCases
from shopguide.guide.products import ProductCases
from shopguide.guide.questions import QuestionCases
from shopguide.guide.requests import RequestCases
from shopguide.guide.searching import SearchCases
from shopguide.guide.shoppers import ShopperCases

__all__ = ["Guide"]


class Guide(SearchCases, ProductCases, QuestionCases, ShopperCases, PrivacyCases, RequestCases):
    """The assistant, free of channels and of Rasa: it takes turns and needs, and returns outcomes without wording."""
