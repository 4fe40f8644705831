"""Whether ranking with a shopper's own profile beats ranking with none, and none beats somebody else's."""
