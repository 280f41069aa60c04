"""Reference solutions of the electric field around a layout's wires: what the numbers of extraction are held against.

Not a step of the flow. `solver` solves a painted grid, `scene` paints net-labelled rectangles into the process's
dielectrics, `cases` has wires in pairs, crossings and windows of a layout. `python bench/field.py` runs all of them.
"""
