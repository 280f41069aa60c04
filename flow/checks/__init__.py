"""Checks of any sky130 layout: design rules (own table and the shuttle's deck) and layout against schematic."""
