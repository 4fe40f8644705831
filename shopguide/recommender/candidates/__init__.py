"""Candidate generators: each scores all products that the constraints leave, exactly, from one kind of evidence."""
