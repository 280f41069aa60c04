"""From Verilog to gates of a process's library, and the proof that they are the same."""
