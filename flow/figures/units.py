"""Numbers with SI prefixes."""

import math

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def engineering(value: float, unit: str, digits: int = 3) -> str:
    """A value with an SI prefix.

    >>> engineering(1.23e-14, "J")
    '12.3 fJ'
    >>> engineering(2200, "ohm", 2)
    '2.2 kohm'
    """
    if value == 0:
        return f"0 {unit}"
    exponent = min(max(3 * math.floor(math.log10(abs(value)) / 3), -18), 12)
    return f"{value / 10.0**exponent:.{digits}g} {_PREFIXES[exponent]}{unit}"
