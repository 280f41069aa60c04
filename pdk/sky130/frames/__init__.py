"""Frames of the shuttles that take sky130: Tiny Tapeout's analog tiles and Caravel's analog wrapper."""

from somaforge.pdk.frames import Frames
from somaforge.pdk.sky130.frames import caravel, tiny_tapeout

FRAMES = Frames({**tiny_tapeout.MAKERS, **caravel.MAKERS})

__all__ = ["FRAMES"]
