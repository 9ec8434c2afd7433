"""The wall: one read-only screen, to be seen from across a room and left alone for months."""
