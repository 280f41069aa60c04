"""The programming port in Verilog: what is written is read, on both views, and faults are named."""

import json
import runpy
import subprocess
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from somaforge.flow import cli
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.memory import bitfile, port, port_simulation
from somaforge.flow.memory.port import Action
from somaforge.flow.steps import generate, program
from somaforge.flow.steps.chip import Job
from somaforge.generator import verilog
from somaforge.generator.address import Bits, MemoryMap, memory_map
from somaforge.generator.design import build
from somaforge.generator.layout import draw
from somaforge.generator.periphery import netlist
from somaforge.generator.periphery.measures import library
from somaforge.generator.spec import load_spec, parse_spec
from somaforge.pdk import load
from somaforge.pdk.errors import CheckError, InputError, ToolError

EXAMPLES = Path(__file__).parents[3] / "examples"
IRIS = memory_map((7, 7, 7), 3)
STACKED = MemoryMap((6, 4, 3, 2), 2, ((0,), (1, 2)), (0, 0, 5))
"""Two matrices on the same bit lines, a row without latches between them; every row has places without latches."""
MNIST = MemoryMap((196, 100, 50, 10), 3, ((0,), (1, 2)), (0, 0, 146))


@cache
def values(memory: MemoryMap, seed: int = 1) -> tuple[Bits, ...]:
    draw = np.random.default_rng(seed)
    return tuple(draw.integers(0, 2, (a, b, memory.bits + 1)).astype(bool) for a, b in pairwise(memory.layers))


def run(view: port_simulation.View, memory: MemoryMap, folder: Path, *plusargs: str) -> port_simulation.PortRun:
    return port_simulation.simulate(view, memory, port.to_words(memory, values(memory)), folder, plusargs=plusargs)


def gate_view(memory: MemoryMap, gates: netlist.GateNetlist | None = None) -> port_simulation.View:
    cells = library(load("sky130"))
    return port_simulation.gates(cells, "net", verilog.gates(cells, "net", memory, gates or netlist.build(memory)))


def stuck(memory: MemoryMap, row: int) -> tuple[list[str], str]:
    """A latch that holds the wrong value, for the bench, and what has to be said about it."""
    words = port.to_words(memory, values(memory))
    place = int(np.flatnonzero(words[row] != port.EMPTY)[-1])
    cell, wrote = memory.bit_at(row, place), int(words[row, place])
    assert cell is not None
    where = f"layer {cell.matrix} row {cell.row} column {cell.column} bit {cell.bit}"
    plusargs = [f"+stuck_row={row}", f"+stuck_place={place}", f"+stuck_value={1 - wrote}"]
    return plusargs, f"{where}: wrote {wrote}, read {1 - wrote}"


class TestProcedure:
    def test_clocks_are_counted(self) -> None:
        """Clear the row select, a token, then for every row its shift, a write or read, and a step."""
        words = port.to_words(IRIS, values(IRIS))
        clocks = list(port.clocks(port.program_and_verify(IRIS), words))
        assert len(clocks) == 7 + 2 + 2 * 7 * (56 + 2)
        assert sum(c.write for c in clocks) == sum(c.read for c in clocks) == 7
        assert sum(c.expected is not None for c in clocks) == 2 * 7 * 7 * 4
        assert not any((c.write or c.read) and (c.shift or c.row_step) for c in clocks)

    @given(st.lists(st.integers(1, 6), min_size=2, max_size=4), st.integers(1, 3))
    def test_words_hold_every_latch_once(self, layers: list[int], bits: int) -> None:
        memory = memory_map(tuple(layers), bits)
        words = port.to_words(memory, values(memory))
        assert (words != port.EMPTY).sum() == sum(v.size for v in values(memory))
        for row, place in np.argwhere(words != port.EMPTY):
            cell = memory.bit_at(int(row), int(place))
            assert cell is not None
            assert words[row, place] == values(memory)[cell.matrix][cell.row, cell.column, cell.bit]

    def test_values_of_another_array_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"^port: values .* do not fit the memory"):
            port.to_words(IRIS, values(STACKED))

    def test_a_keyword_is_no_name(self) -> None:
        with pytest.raises(InputError, match=r"^name: 'table' is a word of Verilog"):
            verilog.model("table", IRIS)


@pytest.mark.needs_iverilog
class TestBehaviour:
    @pytest.mark.parametrize("memory", [memory_map((1, 1), 1), memory_map((2, 1, 3), 2), IRIS, STACKED])
    def test_what_is_written_is_read(self, memory: MemoryMap, tmp_path: Path) -> None:
        result = run(port_simulation.behaviour("net", memory), memory, tmp_path)
        assert result.clocks == memory.rows + 2 + 2 * memory.rows * (memory.width + 2)
        result.check()

    def test_the_mnist_array(self, tmp_path: Path) -> None:
        """The whole memory of 196-100-50-10: 100,400 latches, 236,182 clocks."""
        result = run(port_simulation.behaviour("net", MNIST), MNIST, tmp_path)
        assert (result.clocks, result.wrong_count) == (236_182, 0)

    @pytest.mark.parametrize("row", [0, 4, 7])
    def test_a_stuck_latch_is_named(self, row: int, tmp_path: Path) -> None:
        plusargs, named = stuck(STACKED, row)
        result = run(port_simulation.behaviour("net", STACKED), STACKED, tmp_path, *plusargs)
        assert [str(w) for w in result.wrong] == [named]
        with pytest.raises(CheckError, match=f"^port: {named}; see the log"):
            result.check()

    def test_a_memory_that_was_not_written_is_unknown(self, tmp_path: Path) -> None:
        memory, words = memory_map((2, 2), 1), port.to_words(memory_map((2, 2), 1), values(memory_map((2, 2), 1)))
        clear = (Action(row_step=True),) * 2
        result = port_simulation.simulate(
            port_simulation.behaviour("net", memory), memory, words, tmp_path, actions=(*clear, *port.read_all(memory))
        )
        assert result.wrong_count == 8
        assert {w.read for w in result.wrong} == {"x"}

    def test_two_open_rows_spoil_each_other(self, tmp_path: Path) -> None:
        """A row select with two tokens: where the rows differ both are lost, where they agree nothing happens."""
        memory = memory_map((2, 2), 1)
        words = np.array([[0, 1, 0, 1], [0, 0, 1, 1]], dtype=np.int8)
        two = Action(row_in=True, row_step=True)
        spoil = (*port.write_all(memory), two, two, Action(read=True), *(Action(row_step=True),) * 2)
        view = port_simulation.behaviour("net", memory)
        actions = (*spoil, *port.read_all(memory))
        result = port_simulation.simulate(view, memory, words, tmp_path, actions=actions)
        assert [(w.which.row, w.which.column, w.which.bit) for w in result.wrong] == [
            (0, 0, 1), (0, 1, 0), (1, 0, 1), (1, 1, 0),
        ]  # fmt: skip

    def test_misuse_is_an_error(self, tmp_path: Path) -> None:
        memory = memory_map((2, 2), 1)
        with pytest.raises(ToolError, match=r"MISUSE .* write and read at once"):
            port_simulation.simulate(
                port_simulation.behaviour("net", memory),
                memory,
                port.to_words(memory, values(memory)),
                tmp_path,
                actions=[Action(write=True, read=True)],
            )


@pytest.mark.needs_iverilog
@pytest.mark.needs_pdk
class TestGates:
    """The same vectors on the foundry's cells: the periphery does what the behavioural view says."""

    @pytest.mark.parametrize("memory", [memory_map((1, 1), 1), memory_map((2, 1, 3), 2), IRIS, STACKED])
    def test_the_same_vectors_pass(self, memory: MemoryMap, tmp_path: Path) -> None:
        result = run(gate_view(memory), memory, tmp_path)
        assert result.clocks == memory.rows + 2 + 2 * memory.rows * (memory.width + 2)
        result.check()

    def test_a_stuck_latch_is_named(self, tmp_path: Path) -> None:
        plusargs, named = stuck(STACKED, 6)
        result = run(gate_view(STACKED), STACKED, tmp_path, *plusargs)
        assert [str(w) for w in result.wrong] == [named]

    @pytest.mark.parametrize(
        ("gate", "pin", "net"),
        [
            ("x_bl_5", "a", "high_5"),  # a driver with the complement
            ("x_data_3", "data", "bl_4"),  # senses its neighbour
            ("x_token_2", "data", "token_0"),  # a row is skipped
            ("x_select", "a", "read_b"),  # no word line opens to write
        ],
    )
    def test_a_wrong_connection_is_seen(self, gate: str, pin: str, net: str, tmp_path: Path) -> None:
        right = netlist.build(STACKED)
        wrong = tuple(
            replace(g, pins=tuple((p, net if (g.name, p) == (gate, pin) else n) for p, n in g.pins))
            for g in right.gates
        )
        assert wrong != right.gates
        result = run(gate_view(STACKED, replace(right, gates=wrong)), STACKED, tmp_path)
        assert result.wrong_count > 0

    @pytest.mark.nightly
    def test_the_last_words_of_the_mnist_array(self, tmp_path: Path) -> None:
        """The full width of 196-100-50-10 and its whole row select, for the two highest words; takes 5 s."""
        step, token, rows = Action(row_step=True), Action(row_in=True, row_step=True), (194, 195)
        reach = (*(step,) * MNIST.rows, token, *(step,) * rows[0])
        write = [a for r in rows for a in (Action(r, shift=True), Action(write=True), step)]
        read = [a for r in rows for a in (Action(read=True), Action(r, check=True, shift=True), step)]
        words = port.to_words(MNIST, values(MNIST))
        actions = (*reach, *write, *reach, *read)
        result = port_simulation.simulate(gate_view(MNIST), MNIST, words, tmp_path, actions=actions)
        assert (result.clocks, result.wrong_count) == (2 * (196 + 1 + 194) + 4 * 602, 0)

    @pytest.mark.nightly
    def test_the_mnist_array(self, tmp_path: Path) -> None:
        """4,000 cells for 236,182 clocks: some eight minutes of one processor."""
        words = port.to_words(MNIST, values(MNIST))
        result = port_simulation.simulate(gate_view(MNIST), MNIST, words, tmp_path, timeout_s=7200.0)
        assert (result.clocks, result.wrong_count) == (236_182, 0)


class TestCommand:
    @staticmethod
    def spec(folder: Path) -> str:
        table = yaml.safe_load((EXAMPLES / "iris.yaml").read_text())
        table["array"]["port"] = "scan"
        (folder / "iris.yaml").write_text(yaml.safe_dump(table))
        return str(folder / "iris.yaml")

    @staticmethod
    def file(folder: Path, name: str = "iris") -> Path:
        design = build(load_spec(Path(TestCommand.spec(folder))))
        if name != "iris":
            design = replace(design, spec=design.spec.model_copy(update={"name": name}))
        codes = [np.random.default_rng(3).integers(-7, 8, (7, 7)) for _ in range(2)]
        path = folder / f"{name}.bit"
        path.write_bytes(bitfile.pack(codes, design))
        return path

    @pytest.mark.needs_iverilog
    def test_a_bitfile_goes_through_the_port(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        spec, kept = self.spec(tmp_path), tmp_path / "kept"
        file = self.file(tmp_path)
        assert cli.run(["program", spec, "--bitfile", str(file), "--out", str(kept), "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["program__wrong_bits__count"] == 0
        assert shown["program__port_bits__count"] == 2 * 7 * 7 * 4
        assert (kept / "iris.v").is_file()
        assert (kept / "weights.mem").is_file()

    def test_files_of_others_are_refused(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        spec = self.spec(tmp_path)
        other = self.file(tmp_path, "other")
        assert cli.run(["program", spec, "--bitfile", str(other)]) == 2
        printed = capsys.readouterr().err
        assert f"{other}: bitfile for design" in printed
        assert printed.count("\n") == 1
        small = bitfile.Bitfile("iris", "0" * 64, 3, (2, 2), (np.zeros((2, 2, 4), dtype=bool),))
        (tmp_path / "small.bit").write_bytes(small.to_bytes())
        assert cli.run(["program", spec, "--bitfile", str(tmp_path / "small.bit")]) == 2
        printed = capsys.readouterr().err
        assert "bitfile for (2, 2) with 3 bits, the design has (7, 7, 7) with 3; pack it for this design" in printed
        assert printed.count("\n") == 1

    def test_a_design_without_a_port_says_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file, spec = self.file(tmp_path), tmp_path / "none.yaml"
        spec.write_text((tmp_path / "iris.yaml").read_text().replace("port: scan", "port: none"))
        assert cli.run(["program", str(spec), "--bitfile", str(file)]) == 2
        assert "array.port is none, so there is no port to program through; say scan" in capsys.readouterr().err


@pytest.mark.needs_iverilog
def test_the_macro_without_a_port_is_a_list_of_pins(tmp_path: Path) -> None:
    table = yaml.safe_load((EXAMPLES / "iris.yaml").read_text())
    table["array"]["port"] = "none"
    design = build(parse_spec(table, "test"))
    block = draw(design).block
    (tmp_path / "iris.v").write_text(verilog.pins(block))
    wires = ", ".join(f".{pin}()" for pin in block.circuit.ports)
    (tmp_path / "top.v").write_text(f"module top; iris macro ({wires}); endmodule")
    command = ["iverilog", "-g2005", "-DUSE_POWER_PINS", "-t", "null", "iris.v", "top.v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.needs_iverilog
def test_the_timing_diagram_is_what_the_model_does() -> None:
    root = Path(__file__).parents[3]
    draw = runpy.run_path(str(root / "tools/timing_diagram.py"))["draw"]
    assert draw() == (root / "docs/images/port.svg").read_text(encoding="utf-8"), "run tools/timing_diagram.py"


@pytest.mark.needs_iverilog
@pytest.mark.needs_pdk
def test_the_flow_writes_through_the_views_of_the_layout(tmp_path: Path) -> None:
    """The periphery as drawn, with the groups and repeaters of the placement."""
    design = build(load_spec(Path(TestCommand.spec(tmp_path))))
    generate.write_verilog(draw(design), design, tmp_path / "verilog")
    assert {f"verilog/{p.name}" for p in (tmp_path / "verilog").iterdir()} == set(generate.verilog_files(design.spec))
    job = Job(design.spec, design.spec.chips.seeds[0], Inputs({"generate": tmp_path}, {}))
    (tmp_path / "chip").mkdir()
    behaviour, gates = program.write_through_port(tmp_path / "chip", job, design, values(design.memory))
    assert behaviour.clocks == gates.clocks == 821
    assert behaviour.wrong_count == gates.wrong_count == 0
    assert (tmp_path / "chip/weights.mem").read_text().count("\n") == 7
