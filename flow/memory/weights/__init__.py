"""Weights that were trained elsewhere: read (files, graph), then folded and rounded to codes (quantize)."""
