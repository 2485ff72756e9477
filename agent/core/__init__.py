"""The pure core: no clock, disk, network, thread, operating system or entropy of its own.

Time and entropy are passed in. Everything here can be tested exhaustively, and is.
"""
