"""Analog blocks beside the array: winner-take-all, current-to-frequency converter, bias."""
