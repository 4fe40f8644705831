"""Shoppers, their channel identities and what is known of their tastes."""
