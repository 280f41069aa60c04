"""Data sets from the user's own files: readers, one for each form, then split and encoding (source)."""
