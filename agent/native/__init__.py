"""Windowing systems, one module each, behind the Protocols of :mod:`agent.native.base`."""
