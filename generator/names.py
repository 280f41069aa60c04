"""Names of a design's cells and circuits: one function makes them, and who looks for a cell asks it.

Two macros lie in one chip, so every cell but the foundry's starts with its design's name.
"""

LATCH, SOMA, SYNAPSE, OUTPUT_SYNAPSE = "latch", "soma", "synapse", "output_synapse"
CORE, PERIPHERY, LATCHES = "core", "periphery", "latches"
"""What cells are for; rows and matrices have a number too. LATCHES is the array's memory as a Verilog module."""
ARRAY_CELLS = (LATCH, SOMA, SYNAPSE, OUTPUT_SYNAPSE)
"""Cells that hold the array's transistors."""


def cell_name(design: str, role: str) -> str:
    """Name of the cell with that role in the design of that name."""
    return f"{design}__{role}"


def row_role(matrix: int) -> str:
    """Role of a matrix's row."""
    return f"row_{matrix}"


def matrix_role(matrix: int) -> str:
    """Role of a matrix."""
    return f"matrix_{matrix}"
