"""A file for every part; its line in ../registry.py."""
