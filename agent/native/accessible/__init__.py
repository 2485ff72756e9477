"""What the accessibility bus tells of the window in front: which field has focus, what lies under the pointer.

AT-SPI 2 over D-Bus. A connection exists only while an allowed window has the focus, and asks that window's program
only.
"""
