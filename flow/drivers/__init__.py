"""Input currents from codes: how values become codes, and what current each code of a chip's drivers gives."""
