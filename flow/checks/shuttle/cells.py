"""Names and layers: the top cell, names of cells, layers that a chip may use, the outline."""

from collections.abc import Iterator

from somaforge.flow.checks.shuttle.check import ShuttleCheck
from somaforge.flow.checks.shuttle.submitted import Submitted


def top_cell(submitted: Submitted) -> Iterator[str]:
    """One cell that no other calls, named as the shuttle asks and as the files are."""
    top = submitted.frame.shuttle.top
    if submitted.top_cells != (submitted.top,):
        yield f"top cells of the GDS are {', '.join(submitted.top_cells) or 'none'}, not {submitted.top} alone"
    right = submitted.top.startswith(top) if top.endswith("_") else submitted.top == top
    if not right:
        yield f"top cell {submitted.top} is not called {top}{'...' if top.endswith('_') else ''}"


def cell_names(submitted: Submitted) -> Iterator[str]:
    """No character that the shuttle's tools stumble over."""
    bad = submitted.frame.shuttle.bad_in_cell_names
    for cell in submitted.opened.layout.each_cell():
        if any(character in cell.name for character in bad):
            yield f"cell {cell.name}: its name holds one of {' '.join(bad)}"


def layers(submitted: Submitted) -> Iterator[str]:
    """Nothing on a forbidden layer, nothing on a layer that the shuttle does not know."""
    shuttle = submitted.frame.shuttle
    for numbers in sorted(submitted.present):
        named = f"layer {numbers[0]}/{numbers[1]}"
        if numbers in shuttle.forbidden:
            yield f"{named} ({shuttle.forbidden[numbers]}) is used: it belongs to the shuttle"
        elif shuttle.allowed is not None and numbers not in shuttle.allowed:
            yield f"{named} is none that the shuttle allows"


def boundary(submitted: Submitted) -> Iterator[str]:
    """The top cell's own outline is the frame's, and nothing lies beyond what the frame itself has there."""
    layer = submitted.pdk.layers["boundary"]
    wanted = submitted.region((submitted.frame.outline,))
    drawn = submitted.flat(layer).merged()
    if drawn.is_empty():
        yield "no outline is drawn in the top cell"
    elif not (drawn ^ wanted).is_empty():
        yield f"the outline is {submitted.place(drawn.bbox())}, the frame {submitted.place(wanted.bbox())}"
    inside = wanted.bbox() + submitted.region(tuple(b for p in submitted.frame.pins for _, b in p.shapes)).bbox()
    reach = submitted.opened.cell.bbox()
    if not reach.inside(inside):
        yield f"shapes reach from {submitted.place(reach)} beyond the frame {submitted.place(inside)}"


CHECKS = (
    ShuttleCheck("top", "one top cell, with the name that the shuttle asks for", top_cell),
    ShuttleCheck("cell_names", "characters in the names of cells", cell_names),
    ShuttleCheck("layers", "forbidden and unknown layers", layers),
    ShuttleCheck("boundary", "outline drawn and equal to the frame, nothing beyond", boundary),
)
