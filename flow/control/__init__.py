"""The chip's control in simulation."""
