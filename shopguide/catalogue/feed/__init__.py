"""Feeds: from a shop's catalogue file to products, driven by a mapping file (docs/catalogue.md)."""
