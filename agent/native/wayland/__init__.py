"""Linux desktops on Wayland: each kind of recording is offered, partial or refused on its own.

What is typed comes from the program in front, by accessibility, as changes of text; nothing is heard of keys, pointer
or pixels. The sign stands in a layer that the compositor keeps above all windows.
"""
