"""Parts of bench/readout.py."""
