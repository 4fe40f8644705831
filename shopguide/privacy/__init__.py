"""What a shopper can see, take away and have erased, and how long anything is kept."""
