"""The campaign of damage (tests/campaign), counted: kills, mutated inputs, damaged folders, odd places, fake tools.

    python bench/reliability.py                 as many trials as the nightly test: an hour beside other work
    python bench/reliability.py --share 0.1     a tenth of them
    python bench/reliability.py --seed 7        other damage
    python bench/reliability.py --kind layouts  kinds whose function is called so; the others keep their last counts
    python bench/reliability.py --again         the trials that went wrong, once more; the others keep their ends

Writes bench/results/reliability.json after each kind and docs/reliability.md at the end. Exit code 1 if a trial went
wrong.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.campaign import campaign, kinds  # noqa: E402

from somaforge.flow.machinery import tools  # noqa: E402
from somaforge.pdk.files import atomic_write  # noqa: E402

RESULT = ROOT / "bench/results/reliability.json"
PAGE = ROOT / "docs/reliability.md"
TOOLS = ("python", "ngspice", "klayout", "klayout-application", "netgen", "iverilog")
HEAD = """# Reliability

What was done to somaforge on purpose, and how often it did not end as it should. This page is written by
`bench/reliability.py` from its runs ({command}).
`make nightly` does all trials of the last column (tests/campaign), `make test` a fiftieth.

{date}, seed {seed}, {seconds:.0f} s; {tools}.

| damage | trials | wrong ends | a trial is right if | trials at night |
|---|---|---|---|---|
"""
TAIL = """
In every kind but the kills, wrong is also: an internal error, a signal, more than 120 s of a processor, a refusal of
more than one line, and any file that nobody asked for (a command in an input that was executed).
`python bench/reliability.py --seed {seed}` does the same damage again: trial n of a kind has the seed [{seed}, n].
"""


def page(record: dict[str, object], counts: list[campaign.Count]) -> str:
    """The text of docs/reliability.md."""
    rows = []
    known = {count.name: count for count in counts}
    for kind in kinds.KINDS:
        count = known.get(kind.name)
        if count is None:
            continue
        right = " ".join(str(kind.run.__doc__).split()).removesuffix(".")
        rows.append(f"| {kind.name} | {count.trials} | {len(count.problems)} | {right} | {kind.trials} |")
    listed: list[str] = []
    for title, found in (
        ("Wrong ends", "problems"),
        ("Wrong at first, right after a mend of somaforge or of the trial", "mended"),
    ):
        lines = [f"- {c.name}, trial {number}: {what[:100]}" for c in counts for number, what in getattr(c, found)]
        listed += ["", f"{title}:", "", *lines] if lines else []
    return HEAD.format(**record) + "\n".join([*rows, *listed]) + "\n" + TAIL.format(**record)


def _before() -> tuple[dict[str, campaign.Count], float]:
    """What the result file has, and the seconds that it took."""
    if not RESULT.is_file():
        return {}, 0.0
    stored = json.loads(RESULT.read_text(encoding="utf-8"))
    counts = {}
    for c in stored["kinds"]:
        wrong, mended = (tuple((number, what) for number, what in c[key]) for key in ("problems", "mended"))
        counts[c["name"]] = campaign.Count(c["name"], c["trials"], wrong, mended)
    return counts, stored["seconds"]


def main() -> int:
    """Run, write, say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the nightly trials")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", help="part of the name of a function of tests/campaign")
    parser.add_argument("--again", action="store_true", help="only the trials that went wrong last time")
    options = parser.parse_args()
    chosen = tuple(k for k in kinds.KINDS if not options.kind or any(part in k.run.__name__ for part in options.kind))
    if not chosen:
        parser.error(f"no kind of the campaign has {' or '.join(options.kind)} in its name")
    counts, earlier = _before()
    if options.again:
        found = (campaign.again(k, counts[k.name], options.seed) for k in chosen if k.name in counts)
    else:
        found = campaign.run(chosen, share=options.share, seed=options.seed)
        if len(chosen) == len(kinds.KINDS):
            counts, earlier = {}, 0.0
    start = time.monotonic()
    record: dict[str, object] = {
        "command": "python " + " ".join(["bench/reliability.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        "seed": options.seed,
        "tools": ", ".join(f"{name} {version}" for name, version in tools.versions(TOOLS).items()),
    }
    for count in found:
        counts[count.name] = count
        record["seconds"] = earlier + time.monotonic() - start
        kept = [asdict(c) for c in counts.values()]
        atomic_write(RESULT, json.dumps({**record, "kinds": kept}, indent=1) + "\n")
        print(
            f"{count.name}: {count.trials} trials, {len(count.problems)} wrong", *count.problems, sep="\n  ", flush=True
        )
    atomic_write(PAGE, page(record, list(counts.values())))
    return 1 if any(count.problems for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
