"""Jobs that train the recommender, and the registry of what they made."""
