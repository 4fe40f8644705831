"""Needs, critiques, the next question and presentation-neutral outcomes."""
