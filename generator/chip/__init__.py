"""The chip: blocks placed in an outline, joined by wires and supply straps, as one block."""
