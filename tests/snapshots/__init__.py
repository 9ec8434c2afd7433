"""Frames of the real program, as text, to be compared and to be read. `python -m tests.snapshots` writes them anew."""
