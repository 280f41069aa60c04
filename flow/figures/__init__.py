"""How plots and numbers look, wherever they are shown."""
