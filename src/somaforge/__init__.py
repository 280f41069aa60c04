"""somaforge compiles a short spec of an analog neural network into silicon and proves that it works."""

__version__ = "0.2.0.dev0"
