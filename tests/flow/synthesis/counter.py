"""A small module for tests: a counter up and down with an asynchronous reset to five."""

COUNTER = """
module counter (clk, rst_n, up, q, full);
  input clk, rst_n, up;
  output [5:0] q;
  output full;
  reg [5:0] q;
  always @(posedge clk or negedge rst_n)
    if (!rst_n) q <= 6'd5;
    else if (up) q <= q + 6'd1;
    else q <= q - 6'd1;
  assign full = &q;
endmodule
"""
