"""What stands behind `make`; standard library only, any Python from 3.8: it runs before anything is installed."""
