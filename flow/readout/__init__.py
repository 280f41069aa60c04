"""How the analog blocks beside the array behave: ngspice with the foundry's models and mismatch."""
