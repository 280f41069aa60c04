"""The firmware itself, in MicroPython, between a serial line and the chip's Verilog; the host's driver talks to it."""

import contextlib
import json
import os
import pty
import subprocess
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import MICROPYTHON
from tests.flow.bench.test_board import Analog, codes, design
from tests.flow.bench.test_loop import spec

from somaforge.flow import cli
from somaforge.flow.bench.board import Board
from somaforge.flow.bench.cosim import Answered, SimulatedPins
from somaforge.flow.bench.link import Link
from somaforge.flow.bench.simulated import Crossed, simulated_pins
from somaforge.flow.bench.streams import SerialLine
from somaforge.generator.control import Control
from somaforge.generator.design import build
from somaforge.pdk.errors import ToolError

HERE = Path(__file__).parent / "board"
FIRMWARE = Path(__file__).parents[3] / "flow/bench/firmware"
pytestmark = [pytest.mark.needs_iverilog, pytest.mark.needs_micropython]


def _serve(asked: int, answers: int, pins: SimulatedPins | Crossed) -> None:
    """What MicroPython does to its pins happens at those of the chip."""
    with os.fdopen(asked) as lines:
        for line in lines:
            word, _, value = line.strip().partition(" ")
            if word == "w":
                pins.write(int(value))
            elif word == "x":
                pins.reset()
            else:
                value = str(pins.read() if word == "r" else pins.milliseconds())
                os.write(answers, f"{value}\n".encode())


@contextmanager
def board(folder: Path, analog: Analog) -> Iterator[str]:
    """The serial port of a board with a chip that is simulated in Verilog."""
    with SimulatedPins(Control.of(design()), analog, folder) as pins, serial_port(pins) as port:
        yield port


@contextmanager
def serial_port(pins: SimulatedPins | Crossed) -> Iterator[str]:
    """The firmware between these pins and a serial line."""
    with contextlib.ExitStack() as ends:
        (out_r, out_w), (in_r, in_w) = os.pipe(), os.pipe()
        master, slave = pty.openpty()
        tty.setraw(master)
        tty.setraw(slave)

        def wire() -> None:  # file descriptors 3 and 4 of the child
            os.dup2(out_w, 3)
            os.dup2(in_r, 4)

        command = ["node", str(HERE / "host.mjs"), str(MICROPYTHON / "micropython.mjs"), str(FIRMWARE)]
        process = subprocess.Popen(
            command, stdin=master, stdout=subprocess.PIPE, preexec_fn=wire, close_fds=False, bufsize=0
        )
        os.close(out_w)
        threading.Thread(target=_serve, args=(out_r, in_w, pins), daemon=True).start()

        def back() -> None:
            assert process.stdout is not None
            while data := process.stdout.read(4096):
                os.write(master, data)

        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        threading.Thread(target=back, daemon=True).start()
        for descriptor in (in_r, in_w, master, slave):
            ends.callback(os.close, descriptor)
        ends.callback(process.wait)
        ends.callback(process.kill)
        yield os.ttyname(slave)


def test_the_firmware_over_a_serial_line(tmp_path: Path) -> None:
    analog = Analog()
    with board(tmp_path, analog) as port:
        line = SerialLine(port)
        chip = Board(Link(line, timeout_s=20.0), Control.of(design()))
        assert chip.name == "tiny-tapeout"
        chip.write(codes())
        assert chip.wrong_bits(codes()) == []
        chip.load(np.array([[1, 2, 3, 4, 5], [7, 6, 0, 0, 1]]))
        assert chip.decide(5e-6).winner == 1
        chip.configure(4, False, 0)
        analog.answer = Answered(period_s=20e-6)
        assert chip.count(2).period_s == pytest.approx(20e-6, rel=0.01)
        line.close()


@pytest.mark.nightly
@pytest.mark.needs_ngspice
def test_the_whole_loop_through_the_firmware(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`bench run` over the serial line says what it says without one, digit for digit."""
    wanted = spec(training={"epochs": 40, "restarts": 1})
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(wanted.model_dump(mode="json", exclude_defaults=True)))
    options = ["--virtual", "2", "--json"]

    def said(where: str, chips: str) -> dict[str, float]:
        arguments = ["bench", "run", str(file), "--board", where, "--chip", "a", "--chips", str(tmp_path / chips)]
        assert cli.run([*arguments, *options]) == 0
        found: dict[str, float] = json.loads(capsys.readouterr().out)
        return found

    direct = said("virtual:1", "direct")  # first: the engine's tables are there when a board waits for an answer
    with serial_port(simulated_pins(wanted, Control.of(build(wanted)), 1)) as port:
        assert said(f"serial:{port}", "through") == direct
    (kept, alike) = (next((tmp_path / c / "a").glob("*/calibration.json")).read_text() for c in ("through", "direct"))
    assert kept == alike


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(ToolError, match="cannot open"):
        SerialLine("/dev/ttyACM99")
