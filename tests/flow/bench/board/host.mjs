// Runs the board's firmware in MicroPython: lines come on standard input, answers go to standard output; what the pins do
// goes to file descriptor 3 ("w byte", "x" for a reset, "r", "m" for the time), and what they read comes from 4.
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [module, firmware, systemHz] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(module).href);
const micropython = await loadMicroPython({ heapsize: 96 * 1024 });

function readLine(descriptor) {
    const bytes = [], one = Buffer.alloc(1);
    for (;;) {
        let count = 0;
        try {
            count = fs.readSync(descriptor, one, 0, 1, null);
        } catch (error) {
            if (error.code === "EAGAIN") continue;
            throw error;
        }
        if (count === 0) return bytes.length ? Buffer.from(bytes).toString() : null;
        if (one[0] === 10) return Buffer.from(bytes).toString();
        bytes.push(one[0]);
    }
}

function ask(what) {
    fs.writeSync(3, `${what}\n`);
    return Number(readLine(4));
}

micropython.registerJsModule("chip", {
    system_hz: Number(systemHz),
    write: (byte) => fs.writeSync(3, `w ${byte}\n`),
    reset: () => fs.writeSync(3, "x\n"),
    read: () => ask("r"),
    milliseconds: () => ask("m"),
});
for (const name of ["main", "wire"]) micropython.FS.writeFile(`/${name}.py`, fs.readFileSync(`${firmware}/${name}.py`));
micropython.FS.mkdir("/ttboard");
micropython.FS.writeFile("/ttboard/__init__.py", "");
micropython.FS.writeFile("/ttboard/mode.py", "class RPMode:\n    SAFE, ASIC_RP_CONTROL, ASIC_MANUAL_INPUTS = 0, 1, 2\n");
micropython.FS.writeFile("/ttboard/demoboard.py", fs.readFileSync(new URL("demoboard.py", import.meta.url)));
micropython.runPython(`
import sys
sys.path.append("/")
import chip, main
class Time:  # the simulated chip's
    ticks_ms = staticmethod(chip.milliseconds)
    sleep_ms = staticmethod(lambda count: None)
main.time = Time
board = main.wire()
def answer(line):
    return board.line(line)
`);
const answer = micropython.globals.get("answer");
fs.writeSync(1, "ready\n");
for (let line = readLine(0); line !== null; line = readLine(0)) fs.writeSync(1, `${answer(line)}\n`);
