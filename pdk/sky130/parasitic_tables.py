"""The printed numbers of sky130's wiring in three corners; `parasitics` has their sources and makes SI of them."""

from collections.abc import Mapping
from dataclasses import dataclass

Row = tuple[float | None, ...]

CONDUCTORS = ("substrate", "diffusion", "poly", "li", "met1", "met2", "met3", "met4", "met5")


@dataclass(frozen=True)
class CapacitanceTable:
    """Capacitances of one corner. None: the transistor model has it (gate over channel, junctions)."""

    plate: Mapping[str, Row]
    """aF/um2; a row is the upper conductor, the columns the lower ones from the substrate upward."""
    fringe_down: Mapping[str, Row]
    """aF/um; a row has the edge, the columns below receive its field, from the substrate upward."""
    fringe_up: Mapping[str, tuple[float, ...]]
    """aF/um; the same for the conductors above, from the next one upward."""
    sidewall: Mapping[str, tuple[float, float]]
    """aF for length/spacing = 1, offset of the spacing in um."""


@dataclass(frozen=True)
class ResistanceTable:
    """Resistances of one corner."""

    sheet: Mapping[str, float]
    """Ohm per square."""
    cut: Mapping[str, float]
    """Ohm per contact or via; licon by what lies under it."""


NOMINAL_C = CapacitanceTable(
    plate={
        "poly": (106.13, None),
        "li": (36.99, 55.3, 94.16),
        "met1": (25.78, 33.6, 44.81, 114.2),
        "met2": (17.5, 20.8, 24.5, 37.56, 133.86),
        "met3": (12.37, 14.2, 16.06, 20.79, 34.54, 86.19),
        "met4": (8.42, 9.41, 10.01, 11.67, 15.03, 20.33, 84.03),
        "met5": (6.32, 6.88, 7.21, 8.03, 9.48, 11.34, 19.63, 68.33),
    },
    fringe_down={
        "poly": (55.27, None),
        "li": (40.7, 44.27, 51.85),
        "met1": (40.57, 43.1, 46.72, 59.5),
        "met2": (37.76, 39.54, 41.22, 46.28, 67.05),
        "met3": (40.99, 42.25, 43.53, 46.71, 54.81, 69.85),
        "met4": (36.68, 37.57, 38.11, 39.71, 42.56, 46.38, 70.52),
        "met5": (38.85, 39.52, 39.91, 41.15, 43.19, 45.59, 54.15, 82.82),
    },
    fringe_up={
        "poly": (25.14, 16.69, 11.17, 9.18, 6.35, 6.49),
        "li": (34.7, 21.74, 15.08, 10.14, 7.64),
        "met1": (48.19, 26.68, 16.42, 12.02),
        "met2": (44.43, 22.33, 15.69),
        "met3": (42.64, 27.84),
        "met4": (46.98,),
    },
    sidewall={
        "poly": (16.0, 0.0),
        "li": (25.5, 0.14),
        "met1": (44.0, 0.25),
        "met2": (50.0, 0.3),
        "met3": (74.0, 0.4),
        "met4": (94.0, 0.57),
        "met5": (155.0, 0.5),
    },
)

LOW_C = CapacitanceTable(
    plate={
        "poly": (80.4, None),
        "li": (29.3, 45.3, 64.5),
        "met1": (20.2, 26.7, 32.3, 77.2),
        "met2": (14.0, 16.8, 18.9, 28.6, 80.4),
        "met3": (10.2, 11.7, 12.6, 16.3, 25.8, 59.5),
        "met4": (7.28, 7.98, 8.42, 9.92, 12.8, 17.8, 57.6),
        "met5": (5.56, 5.96, 6.2, 6.97, 8.26, 10.1, 16.7, 48.7),
    },
    fringe_down={
        "poly": (48.83, None),
        "li": (35.69, 39.59, 43.75),
        "met1": (34.41, 37.22, 40.34, 49.46),
        "met2": (32.6, 34.16, 34.46, 39.67, 53.85),
        "met3": (36.05, 37.59, 38.28, 41.75, 48.82, 61.18),
        "met4": (32.39, 33.54, 33.59, 35.49, 38.29, 42.08, 59.42),
        "met5": (34.65, 35.55, 35.59, 37.24, 39.3, 41.75, 48.75, 70.26),
    },
    fringe_up={
        "poly": (21.21, 14.41, 9.34, 8.07, 5.6, 5.79),
        "li": (28.84, 18.63, 13.48, 9.06, 6.91),
        "met1": (38.7, 23.76, 14.77, 10.94),
        "met2": (38.92, 20.26, 14.37),
        "met3": (35.93, 25.06),
        "met4": (39.86,),
    },
    sidewall={
        "poly": (17.0, 0.21),
        "li": (26.7, 0.17),
        "met1": (35.6, 0.14),
        "met2": (37.61, 0.14),
        "met3": (52.0, 0.3),
        "met4": (53.7, 0.3),
        "met5": (81.5, 1.6),
    },
)

HIGH_C = CapacitanceTable(
    plate={
        "poly": (155.0, None),
        "li": (49.7, 70.9, 174.0),
        "met1": (35.7, 45.4, 73.2, 215.0),
        "met2": (23.5, 27.4, 35.5, 52.3, 313.0),
        "met3": (16.3, 18.1, 21.3, 26.3, 45.2, 131.0),
        "met4": (10.7, 11.4, 12.6, 14.3, 18.5, 25.2, 191.0),
        "met5": (7.76, 8.14, 8.74, 9.48, 11.2, 13.3, 24.6, 115.0),
    },
    fringe_down={
        "poly": (64.82, None),
        "li": (47.02, 49.94, 66.6),
        "met1": (49.59, 51.17, 59.78, 80.12),
        "met2": (46.03, 47.45, 51.29, 55.56, 102.37),
        "met3": (47.38, 48.19, 50.44, 53.29, 62.88, 82.67),
        "met4": (42.4, 43.0, 43.99, 45.09, 48.07, 51.98, 92.12),
        "met5": (44.91, 45.47, 46.31, 47.09, 49.44, 51.69, 63.24, 109.69),
    },
    fringe_up={
        "poly": (32.29, 21.36, 13.9, 10.64, 7.33, 7.53),
        "li": (46.73, 26.1, 17.2, 11.51, 8.74),
        "met1": (73.576, 30.61, 18.55, 13.76),
        "met2": (52.59, 25.03, 17.79),
        "met3": (55.7, 32.51),
        "met4": (62.22,),
    },
    sidewall={
        "poly": (17.0, 0.21),
        "li": (28.7, 0.17),
        "met1": (37.6, 0.14),
        "met2": (40.2, 0.14),
        "met3": (60.6, 0.3),
        "met4": (65.4, 0.3),
        "met5": (118.7, 1.6),
    },
)


def _resistances(sheet: tuple[float, ...], cut: tuple[float, ...]) -> ResistanceTable:
    cuts = ("licon_n", "licon_p", "licon_poly", "mcon", "via", "via2", "via3", "via4")
    return ResistanceTable(dict(zip(CONDUCTORS[2:], sheet, strict=True)), dict(zip(cuts, cut, strict=True)))


NOMINAL_R = _resistances(
    (48.2, 12.8, 0.125, 0.125, 0.047, 0.047, 0.029), (185.0, 585.0, 152.0, 9.3, 4.5, 3.41, 3.41, 0.38)
)
LOW_R = _resistances((42.2, 10.5, 0.105, 0.105, 0.038, 0.038, 0.021), (95.0, 345.0, 52.0, 1.6, 2.0, 0.5, 0.5, 0.012))
HIGH_R = _resistances(
    (55.8, 17.0, 0.145, 0.145, 0.056, 0.056, 0.036), (280.0, 840.0, 252.0, 23.0, 15.0, 8.0, 8.0, 0.891)
)
