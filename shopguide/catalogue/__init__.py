"""The catalogue: product model, importers, facets, index with hard filters, lexicon export."""
