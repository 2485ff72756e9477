"""Asking a person, in a window or a terminal, and keeping what they said: the only way that capture is turned on."""
