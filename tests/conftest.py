"""What all tests share."""

import signal

from hypothesis import settings

settings.register_profile("overt", deadline=None)  # a busy machine is no fault of the code's
settings.load_profile("overt")

# A shell that starts a run in the background has it ignore Ctrl-C, which programs inherit; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)
