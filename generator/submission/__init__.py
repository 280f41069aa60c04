"""What a shuttle is sent: the folder with layout, abstract, netlist, Verilog and papers of a chip that fills its frame."""
