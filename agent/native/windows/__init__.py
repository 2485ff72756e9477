"""Windows: keys and buttons by pynput, focus by a foreground hook, pictures by mss with what lies over filled.

Everything is called through ctypes and needs no further package. Type-checked and checked by symbol; never ran here.
"""
