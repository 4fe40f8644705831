"""What waits on this machine while the shop database is away, and when it is worth trying again."""
