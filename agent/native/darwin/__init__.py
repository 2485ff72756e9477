"""macOS: keys and buttons by pynput, focus by Accessibility, pictures of one window by ScreenCaptureKit (macOS 14).

Through pyobjc, which pynput brings. Type-checked and checked by symbol; never ran here.
"""
