"""The demo shop's generator: standard library and numpy only, one seed, the same bytes on every run."""
