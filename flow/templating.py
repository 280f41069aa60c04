"""The flow's name for `render`: generator and flow share one way to fill a template."""

from somaforge.pdk.templating import render

__all__ = ["render"]
