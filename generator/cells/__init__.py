"""The cells of the array: rows, strips, latch, synapse, soma, output synapse. All share one set of row positions."""
