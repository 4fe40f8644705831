"""Slates as shown (impressions), feedback events and the rewards made of them."""
