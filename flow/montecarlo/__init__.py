"""Many chips at many operating points, on all cores or many machines."""
