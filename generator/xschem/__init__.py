"""Schematics for xschem: a sheet and a symbol for every circuit of a library, made from the same values as SPICE."""
