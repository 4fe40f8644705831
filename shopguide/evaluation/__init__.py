"""How well the parts work, measured on held-out files: metrics, intervals, reports."""
