"""Checks of any layout: design rules (native table and the shuttle's deck) and layout against schematic."""
