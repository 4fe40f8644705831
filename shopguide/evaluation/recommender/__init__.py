"""How well models find what shoppers choose next: always among the full catalogue, with intervals over shoppers."""
