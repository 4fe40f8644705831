"""What both environments share: facet names, text normalisation and the lexicon's file format.

Standard library only, Python 3.10-safe.
"""
