"""The layout as the report's viewer draws it: cells with their shapes, nets, and the places of violations."""
