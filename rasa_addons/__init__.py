"""What runs inside Rasa: NLU components and channels (Python 3.10)."""
