"""What runs on the board: MicroPython. `wire` runs anywhere, `main` on a Tiny Tapeout demo board."""
