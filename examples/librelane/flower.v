// A digital block around the hard macro of examples/librelane/hard_macro.yaml: the port's pins are driven by registers that
// change at the falling clock, as docs/port.md asks, and data_out is taken there, half a period after it has moved.
`default_nettype none

module flower (
`ifdef USE_POWER_PINS
    inout wire VPWR,
    inout wire VGND,
`endif
    input wire clk,
    input wire rst_n,
    input wire [5:0] command,  // shift, data_in, row_in, row_step, write, read
    output reg read_back,
    inout wire [6:0] currents,  // into the input neurons
    inout wire [6:0] classes    // out of the output neurons
);
    reg shift, data_in, row_in, row_step, write, read;
    wire data_out;

    always @(negedge clk or negedge rst_n)
        if (!rst_n) begin
            {shift, data_in, row_in, row_step, write, read} <= 6'b0;
            read_back <= 1'b0;
        end else begin
            {shift, data_in, row_in, row_step} <= command[5:2];
            write <= command[1] & ~command[0];  // never both at once
            read <= command[0];
            read_back <= data_out;
        end

    iris_macro network (
`ifdef USE_POWER_PINS
        .vdd(VPWR), .gnd(VGND),
`endif
        .in_0(currents[0]), .in_1(currents[1]), .in_2(currents[2]), .in_3(currents[3]),
        .in_4(currents[4]), .in_5(currents[5]), .in_6(currents[6]),
        .out_0(classes[0]), .out_1(classes[1]), .out_2(classes[2]), .out_3(classes[3]),
        .out_4(classes[4]), .out_5(classes[5]), .out_6(classes[6]),
        .clk(clk), .shift(shift), .data_in(data_in), .row_in(row_in), .row_step(row_step),
        .write(write), .read(read), .data_out(data_out)
    );
endmodule

`default_nettype wire
