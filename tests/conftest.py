"""What holds for all tests, whoever started them and on whatever machine."""

import signal

from hypothesis import settings

# A shell that runs this in the background hands down an ignored SIGINT, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The machine may be busy: no example fails for being slow.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")
