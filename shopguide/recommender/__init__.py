"""Candidates, blend, transformer reranking, diversity, explanations: from a need to a slate."""
