"""What carries every step: its folder, its parts on many processors, its key, what it costs, which tools it used."""
