"""Sizes of one device line: units, fingers and copies."""

from collections.abc import Mapping

from somaforge.pdk.errors import InputError
from somaforge.pdk.netlist_devices import Device, um, um2

COPIES_LIMIT = 1000
_AREAS = {"A": ("area", "a"), "P": ("pj", "perim", "p", "perimeter")}
# What the foundry's lines say besides: stress, junctions, resistances of ends. None of it is compared.
_PASSED_OVER = {
    "ad", "as", "pd", "ps", "nrd", "nrs", "sa", "sb", "sd", "area", "perim", "perimeter", "delvto", "mulu0",
    "r", "c", "value", "tc1", "tc2", "temp", "dtemp", "trise", "rdc", "rsc", "nrg", "lpe", "geo", "rgeo", "rgeomod",
}  # fmt: skip


def passed_over(device: Device, name: str) -> bool:
    """Whether a parameter in small letters says nothing that is compared; its value may use names that only a simulator
    knows (xschem: ad='int((nf+1)/2) * W/nf * 0.29')."""
    key = name.removeprefix("$")
    return key in _PASSED_OVER and not any(size in device.sizes and key in keys for size, keys in _AREAS.items())


def copies(value: float, what: str) -> int:
    """A number of copies or fingers; InputError if it is not one."""
    if value != int(value) or not 1 <= value <= COPIES_LIMIT:
        raise InputError(f"{what}={value:g}: m, mult and nf must be whole numbers from 1 to {COPIES_LIMIT}")
    return int(value)


def device_sizes(
    device: Device, given: Mapping[str, float], scale_m: float | None, where: str
) -> tuple[dict[str, float], int]:
    """Parameters of the device class (um, um2) of one finger, and how many of them; what is not given is left out.

    InputError if W or L of a transistor is missing, or a size is not positive.
    """
    for key in given:
        if f"${key}" in given:
            raise InputError(f"{where}: {key} and ${key} both say its size; write one of them")
    given = {k.removeprefix("$"): v for k, v in given.items()}
    number = _number(given, where)
    used = {"m", "mult", "mf", "nf", "w", "l"}
    sizes: dict[str, float] = {}

    def length(value: float) -> float:
        return um(value) if scale_m is None else value * scale_m * 1e6

    if "W" in device.sizes:
        for name in ("w", "l"):
            if name in given:
                sizes[name.upper()] = length(given[name])
        if device.w_um is not None:
            sizes["W"] = sizes.get("W", device.w_um)
        if "G" in device.terminals:
            if "W" not in sizes or "L" not in sizes:
                raise InputError(f"{where}: needs w and l above 0")
            fingers = copies(given.get("nf", 1.0), f"{where}: nf")
            sizes["W"] /= fingers
            number *= fingers
        elif given.get("nf", 1.0) != 1.0:
            raise InputError(f"{where}: nf is a number of a transistor's fingers")
    else:
        for name, keys in _AREAS.items():
            found = [key for key in keys if key in given]
            used |= set(found)
            if found:
                value = given[found[0]]
                sizes[name] = (um2(value) if name == "A" else um(value)) if scale_m is None else (
                    value * (scale_m * 1e6) ** (2 if name == "A" else 1)
                )  # fmt: skip
        if "w" in given and "l" in given:
            w, l_um = length(given["w"]), length(given["l"])
            sizes = {"A": w * l_um, "P": 2 * (w + l_um)} | sizes
    for key in given:
        if key not in used | _PASSED_OVER:
            raise InputError(f"{where}: parameter {key} is not known for {device.name}")
    for name, value in sizes.items():
        if not 0 < value < 1e8:
            raise InputError(f"{where}: needs w and l above 0" if name in "WL" else f"{where}: {name} must be above 0")
    return sizes, number


def _number(given: Mapping[str, float], where: str) -> int:
    """Copies: m, mult and mf say the same (xschem writes two of them), or are 1 (the foundry's CDL)."""
    found = {key: copies(given[key], f"{where}: {key}") for key in ("m", "mult", "mf") if key in given}
    more = {key: number for key, number in found.items() if number != 1}
    if len(set(more.values())) > 1:
        said = " and ".join(f"{key}={number}" for key, number in more.items())
        raise InputError(f"{where}: {said} contradict each other")
    return max(found.values(), default=1)
