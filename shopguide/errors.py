"""Every error that ShopGuide raises on purpose.

ShopGuideError
├── SettingsError            a setting is missing, malformed or a placeholder where a secret is needed
├── CatalogueError
│   ├── MappingError         the mapping file is wrong: names the key
│   ├── BadProduct           a product's fields are not as they should be: names each field and why
│   ├── FeedError            the catalogue file cannot be read, or a bad row under --strict: names the line
│   └── UnknownProduct       no such SKU
├── ProfileError
│   └── UnknownShopper       no such shopper
├── FeedbackError
│   └── UnknownSlate         no such slate
├── RecommenderError
│   ├── ModelNotFound        nothing trained yet, or no such version
│   └── ModelCorrupt         files and manifest disagree
├── AccessError
│   ├── BadKey               an API key does not hold, or cannot be made as asked
│   └── UnknownKey           no such API key
├── DialogueServerUnavailable   nobody answers at the dialogue server's address, or something else does
├── UnreadableFile           a file of events or shoppers, or its mapping, cannot be read: names the line or the key
└── DatabaseError            the shop database cannot be reached or refuses a statement
    └── OutboxError          nor can the file where writes wait for it
"""


class ShopGuideError(Exception):
    """The root of the tree; its message is fit for an operator, never for a shopper."""


class SettingsError(ShopGuideError):
    """A setting is missing, malformed or a placeholder where a secret is needed."""


class CatalogueError(ShopGuideError):
    """Something about the catalogue is wrong."""


class MappingError(CatalogueError):
    """The mapping file is wrong; the message names the key."""


class BadProduct(CatalogueError):
    """A product's fields are not as they should be: (field, why) for everything that is wrong."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems))
        self.problems = problems


class FeedError(CatalogueError):
    """The catalogue file cannot be read, or has a bad row under `--strict`; the message names the line."""


class UnknownProduct(CatalogueError):
    """No product with this SKU."""


class ProfileError(ShopGuideError):
    """Something about a shopper's profile is wrong."""


class UnknownShopper(ProfileError):
    """No shopper with this id."""


class FeedbackError(ShopGuideError):
    """Something about slates or feedback events is wrong."""


class UnknownSlate(FeedbackError):
    """No slate with this id."""


class RecommenderError(ShopGuideError):
    """Something about the recommender's models is wrong."""


class ModelNotFound(RecommenderError):
    """Nothing is trained yet, or there is no such version."""


class ModelCorrupt(RecommenderError):
    """A model's files and its manifest disagree."""


class AccessError(ShopGuideError):
    """Something about an API key is wrong."""


class BadKey(AccessError):
    """An API key does not hold, or cannot be made as asked."""


class UnknownKey(AccessError):
    """No API key with this id."""


class UnreadableFile(ShopGuideError):
    """A file of events or shoppers, or its mapping, cannot be read; the message names the line or the key."""


class DatabaseError(ShopGuideError):
    """The shop database cannot be reached or refuses the statement."""


class OutboxError(DatabaseError):
    """The file where writes wait for the shop database cannot be used: what was to wait there is not kept."""


class DialogueServerUnavailable(ShopGuideError):
    """Nobody answers at the dialogue server's address, or something that is no dialogue server does."""
