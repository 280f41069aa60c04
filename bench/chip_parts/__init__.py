"""Parts of bench/chip.py."""
