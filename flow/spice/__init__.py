"""ngspice: one writer of decks, one way to run them."""
