"""The guide server: Rasa's webhook, the shop's API, the chat page, health and metrics in one FastAPI application."""
