"""What a shuttle is sent: layout, abstract, netlist, Verilog and papers of a chip that fills its frame."""
