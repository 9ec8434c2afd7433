"""The state folder: SQLite, pins, journal, events and sealed credentials."""
