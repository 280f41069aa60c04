"""The firmware itself, in MicroPython, between a serial line and the chip's Verilog; the host's driver talks to it."""

import contextlib
import json
import os
import pty
import random
import subprocess
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from tests.conftest import MICROPYTHON
from tests.flow.bench.test_board import Analog, codes, design
from tests.flow.bench.test_loop import spec

from somaforge.flow import cli
from somaforge.flow.bench.analog import Faults
from somaforge.flow.bench.board import Board
from somaforge.flow.bench.cosim import CLOCK_HZ, Answered, SimulatedPins
from somaforge.flow.bench.doctor import examine
from somaforge.flow.bench.link import Link
from somaforge.flow.bench.simulated import Crossed, simulated_pins
from somaforge.flow.bench.streams import SerialLine
from somaforge.flow.learning.calibration import Calibration
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
    """The serial port of a board with a chip that is simulated in Verilog; it takes its clock for 125 MHz / 6."""
    with SimulatedPins(Control.of(design()), analog, folder) as pins, serial_port(pins, 125_000_000) as port:
        yield port


@dataclass
class Cable:
    """Between the host's end of a pseudo-terminal and the firmware: may lose bytes, and may be pulled."""

    master: int
    lost: float = 0.0
    lines: float = float("inf")
    """Answers until it is pulled."""
    pulled: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def forth(self, to: IO[bytes]) -> None:
        """What the host says."""
        with contextlib.suppress(OSError, ValueError):
            while not self.pulled and (data := os.read(self.master, 4096)):
                to.write(self._through(data))

    def back(self, found: IO[bytes]) -> None:
        """What the firmware says."""
        with contextlib.suppress(OSError, ValueError):
            while data := found.read(4096):
                self.lines -= data.count(b"\n")
                if self.lines < 0:
                    self.pull()
                    return
                os.write(self.master, self._through(data))

    def pull(self) -> None:
        """The host's end hangs up."""
        if not self.pulled:
            self.pulled = True
            os.close(self.master)

    def _through(self, data: bytes) -> bytes:
        return bytes(byte for byte in data if self.lost == 0 or self.chance.random() >= self.lost)


@contextmanager
def serial_port(
    pins: SimulatedPins | Crossed, system_hz: int = 120_000_000, lost: float = 0.0, lines: float = float("inf")
) -> Iterator[str]:
    """The firmware between these pins and a serial line, on a microcontroller with that clock."""
    with contextlib.ExitStack() as ends:
        (out_r, out_w), (in_r, in_w) = os.pipe(), os.pipe()
        master, slave = pty.openpty()
        tty.setraw(master)
        tty.setraw(slave)

        def wire() -> None:  # file descriptors 3 and 4 of the child
            os.dup2(out_w, 3)
            os.dup2(in_r, 4)

        host = ["node", str(HERE / "host.mjs"), str(MICROPYTHON / "micropython.mjs"), str(FIRMWARE), str(system_hz)]
        process = subprocess.Popen(
            host, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=wire, close_fds=False, bufsize=0
        )
        assert process.stdin is not None
        assert process.stdout is not None
        os.close(out_w)
        threading.Thread(target=_serve, args=(out_r, in_w, pins), daemon=True).start()
        assert process.stdout.readline() == b"ready\n"
        cable = Cable(master, lost, lines)
        threading.Thread(target=cable.forth, args=(process.stdin,), daemon=True).start()
        threading.Thread(target=cable.back, args=(process.stdout,), daemon=True).start()
        for descriptor in (in_r, in_w, slave):
            ends.callback(os.close, descriptor)
        ends.callback(cable.pull)
        ends.callback(process.wait)
        ends.callback(process.kill)
        yield os.ttyname(slave)


def test_the_firmware_over_a_serial_line(tmp_path: Path) -> None:
    analog = Analog()
    with board(tmp_path, analog) as port:
        line = SerialLine(port)
        chip = Board(Link(line, timeout_s=20.0), Control.of(design()))
        assert (chip.name, chip.clock_hz) == ("tiny-tapeout", 125_000_000 // 6)
        chip.write(codes())
        assert chip.wrong_bits(codes()) == []
        chip.load(np.array([[1, 2, 3, 4, 5], [7, 6, 0, 0, 1]]))
        assert chip.decide(5e-6).winner == 1
        chip.configure(4, False, 0)
        analog.answer = Answered(period_s=20e-6)
        assert chip.count(2).period_s == pytest.approx(20e-6 * CLOCK_HZ / chip.clock_hz, rel=0.01)
        line.close()


@pytest.mark.nightly
@pytest.mark.needs_ngspice
def test_the_whole_loop_through_the_firmware(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`bench run` over the serial line says what it says without one, digit for digit; pulled out in the middle it goes
    on, and bytes that are lost change nothing that counts."""
    wanted = spec(training={"epochs": 40, "restarts": 1})
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(wanted.model_dump(mode="json", exclude_defaults=True)))

    def said(where: str, chips: str, code: int = 0) -> dict[str, float]:
        arguments = ["bench", "run", str(file), "--board", where, "--chip", "a", "--chips", str(tmp_path / chips)]
        assert cli.run([*arguments, "--virtual", "2", "--json"]) == code
        out = capsys.readouterr()
        found: dict[str, float] = json.loads(out.out) if code == 0 else {}
        assert code == 0 or out.err.splitlines()[-1].startswith("somaforge: board: the connection is gone")
        return found

    def through(chips: str, code: int = 0, lost: float = 0.0, lines: float = float("inf"), **faults: float) -> object:
        pins = simulated_pins(wanted, Control.of(build(wanted)), 1, Faults(**faults))  # type: ignore[arg-type]
        with serial_port(pins, lost=lost, lines=lines) as port:
            return said(f"serial:{port}", chips, code)

    def slopes(chips: str) -> np.ndarray:
        (kept,) = (tmp_path / chips / "a").glob("*/calibration.json")
        found = np.concatenate([np.array(s) for s in Calibration.from_json(kept.read_text()).slopes])
        return found / found.mean()

    direct = said("virtual:1", "direct")  # first: the engine's tables are there when a board waits for an answer
    assert through("through") == direct
    (kept, alike) = (next((tmp_path / c / "a").glob("*/calibration.json")).read_text() for c in ("through", "direct"))
    assert kept == alike
    through("pulled", 3, lines=1500)
    assert (tmp_path / "pulled/a/unfinished.jsonl").stat().st_size > 1000
    assert list((tmp_path / "pulled/a").glob("*/calibration.json")) == []
    through("pulled", lost=1e-4, leakage_A=1e-11, gain=1.05)
    assert slopes("pulled") == pytest.approx(slopes("direct"), rel=0.01)


@pytest.mark.nightly
@pytest.mark.needs_ngspice
@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (Faults(stuck=(1, 0, 2, 3, 0)), "latch of matrix 1, row 0, column 2, bit 3 is stuck at 0"),
        (Faults(dead_row=(0, 3)), "input 3 is dead"),
        (Faults(weak_driver=(1, 0.1)), "input 1 is weak"),
        (Faults(swapped=(4, 6)), "data line nibble 0 arrives at nibble 2"),
        (Faults(leakage_A=1e-11), "output 0 leaks 10 pA"),
    ],
    ids=["stuck", "dead", "weak", "swapped", "leak"],
)
def test_the_doctor_through_the_firmware(faults: Faults, words: str) -> None:
    wanted = spec()
    control = Control.of(build(wanted))
    with serial_port(simulated_pins(wanted, control, 1, faults)) as port:
        line = SerialLine(port)
        found = examine(wanted, Board(Link(line, timeout_s=20.0), control))
        line.close()
    assert any(words in finding.words for finding in found), [f.words for f in found]


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(ToolError, match="cannot open"):
        SerialLine("/dev/ttyACM99")
