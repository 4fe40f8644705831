"""ShopGuide (虚拟导购): a self-hosted shopping guide. Knows nothing of Rasa; see docs/architecture.md."""
