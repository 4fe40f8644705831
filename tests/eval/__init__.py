"""Runners for evaluation sets that are kept outside the repository."""
