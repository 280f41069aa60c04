"""Gates to silicon: any netlist of a library's cells, placed in rows and wired on the grid that they are made for."""
