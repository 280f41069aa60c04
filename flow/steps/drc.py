"""Step drc: every check of flow/checks/registry.py on the generated layout."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from somaforge.flow.checks import drc
from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.flow.machinery.base import Context, Step, silicon
from somaforge.pdk.files import atomic_write
from somaforge.pdk.layout_file import open_layout

UNCHECKED = "drc__unchecked_layers__count"


def step(checks: tuple[LayoutCheck, ...]) -> Step:
    """The step with those checks, those by other programs beside ours: counts of each; reports and counts per rule stay
    in the folder."""

    def action(context: Context) -> Mapping[str, float]:
        layout, top, pdk = context.input("generate", "layout.gds"), context.spec.name, context.design.pdk
        unchecked = drc.unchecked(pdk, open_layout(layout, top))
        for layer in unchecked:
            context.log(f"no rule looks at layer {layer}")
        metrics: dict[str, float] = {UNCHECKED: len(unchecked)}

        def counted(check: LayoutCheck) -> dict[str, int]:
            context.log(check.title)
            return check.run(pdk, layout, top, context.folder / check.report, context.spec.time_limits.precheck_s)

        with ThreadPoolExecutor() as pool:
            beside = {check.name: pool.submit(counted, check) for check in checks if check.outside}
            found = {check.name: counted(check) for check in checks if not check.outside}
            rules = {c.name: found[c.name] if c.name in found else beside[c.name].result() for c in checks}
        for check in checks:
            counts = rules[check.name]
            metrics |= {check.metric: sum(counts.values()), check.rules_metric: len(counts)}
        atomic_write(context.folder / "rules.json", json.dumps(rules, indent=1) + "\n")
        return metrics

    return Step(
        "drc",
        action,
        lambda spec: (*(check.report for check in checks), "rules.json"),
        ("generate",),
        config=silicon,
        tools=("klayout", "klayout-application", "pdk"),
        limit_s=lambda spec: spec.time_limits.drc_s,
        checks=(UNCHECKED, *(check.metric for check in checks)),
    )


STEP = step(LAYOUT_CHECKS)
