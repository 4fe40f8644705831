"""The facets that every shop has, and the slots that hold them."""

CORE_FACETS = ("category", "brand", "colour", "size", "material", "audience", "occasion", "feature")
"""Facets with an entity of their own; every other facet of a catalogue travels as `facet_value`."""

SLOT_OF_FACET = {facet: facet for facet in CORE_FACETS} | {"feature": "features"}
"""The slot that holds the wanted values of a core facet. Other facets share the slot `other_facets`."""


def entity_of_facet(facet: str) -> str:
    """Return the entity that carries values of `facet`."""
    return facet if facet in SLOT_OF_FACET else "facet_value"
