"""`matching` agrees with a check of one product at a time, written anew from the rules that the documentation gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lexicon.text import normalise
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product

from .products import make_product

COLOURS = ["Red", "Dark Red", "Blue", "Navy Blue", "Grey", "Gray", "Grey Melange", "Blue Ink"]
AUDIENCES = ["Men", "Women", "Unisex", "Boys"]
MATERIALS = ["Leather", "Faux Leather", "Full Grain Leather", "Steel"]
PATHS = [(), ("Shoes", "Boots"), ("Shoes", "Trainers"), ("Home", "Lamps"), ("Boots",)]

products_of = st.lists(
    st.builds(
        lambda colours, audience, material, path, size, wide, price, stock: make_product(
            "x",
            category=path,
            price=price,
            stock=stock,
            facets={
                **({"colour": tuple(colours)} if colours else {}),
                **({"audience": (audience,)} if audience else {}),
                **({"material": (material,)} if material else {}),
                **({"size_cm": size} if size is not None else {}),
                **({"wide": wide} if wide is not None else {}),
            },
        ),
        st.lists(st.sampled_from(COLOURS), max_size=2, unique=True),
        st.sampled_from([None, *AUDIENCES]),
        st.sampled_from([None, *MATERIALS]),
        st.sampled_from(PATHS),
        st.none() | st.floats(0, 60).map(lambda number: round(number, 1)),
        st.none() | st.booleans(),
        st.none() | st.integers(1, 50),
        st.none() | st.integers(0, 2),
    ),
    max_size=25,
)
folded = [
    normalise(word) for word in (*COLOURS, *AUDIENCES, *MATERIALS, "Shoes", "Boots", "Lamps", "yes", "no", "24", "15.6")
]
listed = st.builds(
    lambda facet, op, values: Constraint(facet, op, tuple(values)),
    st.sampled_from(["colour", "audience", "material", "category", "size_cm", "wide", "unheard"]),
    st.sampled_from(["in", "not in"]),
    st.lists(st.sampled_from(folded), min_size=1, max_size=3),
)
bounded = st.builds(
    lambda facet, op, bound: Constraint(facet, op, value=bound),
    st.sampled_from(["size_cm", "price", "colour", "unheard"]),
    st.sampled_from(["<=", ">="]),
    st.floats(0, 60),
)


def own_values(product: Product, facet: str) -> list[str] | float | None:
    if facet == "category":
        return [normalise(name) for name in product.category]
    if facet == "price":
        return None if product.price is None else float(product.price)
    value = product.facets.get(facet)
    if value is None:
        return None
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [normalise(text) for text in value] if isinstance(value, tuple) else value


def is_kind_of(facet: str, own: str, wanted: str) -> bool:
    if own == wanted:
        return True
    if facet == "colour":
        return own.endswith(" " + wanted) or (own, wanted) in {
            ("gray", "grey"),
            ("grey", "gray"),
            ("grey melange", "grey"),
        }
    return facet == "material" and own.endswith(" " + wanted) and not own.startswith("faux ")


def means(number: str, value: float) -> bool:
    try:
        wanted = float(number)
    except ValueError:
        return False
    step = 0.1 if "." in number else 1.0
    return abs(value - wanted) <= wanted * 0.025 or wanted - step / 2 <= value < wanted + step


def has_one(product: Product, constraint: Constraint, *, accept: bool) -> bool:
    own = own_values(product, constraint.facet)
    if own is None:
        return False
    if isinstance(own, float):
        return any(means(wanted, own) for wanted in constraint.values)
    return any(
        is_kind_of(constraint.facet, value, wanted)
        or (accept and constraint.facet == "audience" and value == "unisex" and wanted in ("men", "women", "boys"))
        for value in own
        for wanted in constraint.values
    )


def holds(product: Product, constraint: Constraint) -> bool:
    if constraint.op == "in":
        return has_one(product, constraint, accept=True)
    if constraint.op == "not in":
        return not has_one(product, constraint, accept=False)
    own = own_values(product, constraint.facet)
    if not isinstance(own, float) or constraint.value is None:
        return False
    return own <= constraint.value if constraint.op == "<=" else own >= constraint.value


@settings(max_examples=300, deadline=None)
@given(products_of, st.lists(listed | bounded, max_size=3), st.booleans())
def test_matching_is_what_a_look_at_each_product_gives(
    products: list[Product], constraints: list[Constraint], in_stock_only: bool
) -> None:
    index = CatalogueIndex(products)
    expected = [
        row
        for row, product in enumerate(products)
        if (product.in_stock or not in_stock_only) and all(holds(product, constraint) for constraint in constraints)
    ]
    assert index.matching(constraints, in_stock_only=in_stock_only).tolist() == expected
