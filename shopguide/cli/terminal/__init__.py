"""The terminal chat behind `shopguide chat`: client, cards, session and transcript."""
