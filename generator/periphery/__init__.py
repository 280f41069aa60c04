"""The digital periphery of the weight memory: row select, data register and drivers, of the foundry's hd cells."""
