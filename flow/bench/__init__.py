"""The loop on a fabricated chip, with the code that measures virtual ones: as files, for a tester that is not ours."""
