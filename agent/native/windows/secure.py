"""Whether the keyboard is in a password field on Windows, asked of UI Automation."""

import ctypes
import sys
import uuid
from typing import Any

CLSID_CUIAUTOMATION = "ff48dba4-60ef-4201-aa87-54103eef594e"
IID_IUIAUTOMATION = "30cbe57d-d9d0-452a-ab13-7ac5ac4825ee"
GET_FOCUSED_ELEMENT, GET_CURRENT_IS_PASSWORD, RELEASE = 8, 35, 2
"""Places in the tables of IUIAutomation, IUIAutomationElement and IUnknown; checked against Microsoft's metadata."""
CLSCTX_INPROC_SERVER = 1

if sys.platform == "win32":

    class FocusedField:
        """UI Automation, for the thread that made it. In doubt, it is a password field."""

        def __init__(self) -> None:
            self._ole = ctypes.OleDLL("ole32")
            self._automation = ctypes.c_void_p()
            clsid, iid = (uuid.UUID(one).bytes_le for one in (CLSID_CUIAUTOMATION, IID_IUIAUTOMATION))
            try:
                self._ole.CoInitialize(None)
                self._ole.CoCreateInstance(clsid, None, CLSCTX_INPROC_SERVER, iid, ctypes.byref(self._automation))
            except OSError:
                self._automation = ctypes.c_void_p()

        def is_password(self) -> bool:
            """Ask. True also where nobody answers."""
            if not self._automation:
                return True
            element, answer = ctypes.c_void_p(), ctypes.c_int(1)
            try:
                _method(self._automation, GET_FOCUSED_ELEMENT, ctypes.c_void_p)(self._automation, ctypes.byref(element))
                if not element:
                    return True
                _method(element, GET_CURRENT_IS_PASSWORD, ctypes.c_void_p)(element, ctypes.byref(answer))
            except OSError:
                return True
            finally:
                if element:
                    _method(element, RELEASE)(element)
            return bool(answer.value)

        def close(self) -> None:
            """Let go."""
            if self._automation:
                _method(self._automation, RELEASE)(self._automation)
                self._automation = ctypes.c_void_p()
            self._ole.CoUninitialize()

    def _method(this: ctypes.c_void_p, place: int, *arguments: Any) -> Any:
        """A COM object's method by its place; a failing HRESULT raises OSError, but Release gives a count."""
        table = ctypes.cast(this, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))).contents
        result = ctypes.c_ulong if place == RELEASE else ctypes.HRESULT
        return ctypes.WINFUNCTYPE(result, ctypes.c_void_p, *arguments)(table[place] or 0)
