"""The stages of the flow, one module each, and the machinery that they share."""
