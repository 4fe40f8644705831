"""Answers to single questions: what a product's facets say, else the sentence that answers, else that nothing does."""
