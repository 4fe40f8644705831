"""Who may call the shop's API: keys for each client, with scopes."""
