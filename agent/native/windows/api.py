"""The Win32 functions that are used, with their types. Each is checked against Microsoft's metadata by a test."""

import ctypes
import sys
from typing import Any

if sys.platform == "win32":
    from ctypes import wintypes as w

    WINEVENTPROC: Any = ctypes.WINFUNCTYPE(None, w.HANDLE, w.DWORD, w.HWND, w.LONG, w.LONG, w.DWORD, w.DWORD)
    WNDENUMPROC: Any = ctypes.WINFUNCTYPE(w.BOOL, w.HWND, w.LPARAM)
    _user, _kernel = ctypes.WinDLL("user32", use_last_error=True), ctypes.WinDLL("kernel32", use_last_error=True)
    _dwm = ctypes.WinDLL("dwmapi", use_last_error=True)

    def _typed(library: ctypes.WinDLL, name: str, result: Any, *arguments: Any) -> Any:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
        return function

    _p = ctypes.POINTER
    GetForegroundWindow = _typed(_user, "GetForegroundWindow", w.HWND)
    GetWindowThreadProcessId = _typed(_user, "GetWindowThreadProcessId", w.DWORD, w.HWND, _p(w.DWORD))
    GetWindowTextW = _typed(_user, "GetWindowTextW", ctypes.c_int, w.HWND, w.LPWSTR, ctypes.c_int)
    GetClassNameW = _typed(_user, "GetClassNameW", ctypes.c_int, w.HWND, w.LPWSTR, ctypes.c_int)
    GetClientRect = _typed(_user, "GetClientRect", w.BOOL, w.HWND, _p(w.RECT))
    GetWindowRect = _typed(_user, "GetWindowRect", w.BOOL, w.HWND, _p(w.RECT))
    ClientToScreen = _typed(_user, "ClientToScreen", w.BOOL, w.HWND, _p(w.POINT))
    GetCursorPos = _typed(_user, "GetCursorPos", w.BOOL, _p(w.POINT))
    GetDpiForWindow = _typed(_user, "GetDpiForWindow", w.UINT, w.HWND)
    SetProcessDpiAwarenessContext = _typed(_user, "SetProcessDpiAwarenessContext", w.BOOL, w.HANDLE)
    GetSystemMetrics = _typed(_user, "GetSystemMetrics", ctypes.c_int, ctypes.c_int)
    IsWindowVisible = _typed(_user, "IsWindowVisible", w.BOOL, w.HWND)
    IsIconic = _typed(_user, "IsIconic", w.BOOL, w.HWND)
    EnumWindows = _typed(_user, "EnumWindows", w.BOOL, WNDENUMPROC, w.LPARAM)
    SetWinEventHook = _typed(
        _user, "SetWinEventHook", w.HANDLE, w.DWORD, w.DWORD, w.HMODULE, WINEVENTPROC, w.DWORD, w.DWORD, w.DWORD
    )
    UnhookWinEvent = _typed(_user, "UnhookWinEvent", w.BOOL, w.HANDLE)
    GetMessageW = _typed(_user, "GetMessageW", w.BOOL, _p(w.MSG), w.HWND, w.UINT, w.UINT)
    PostThreadMessageW = _typed(_user, "PostThreadMessageW", w.BOOL, w.DWORD, w.UINT, w.WPARAM, w.LPARAM)
    GetCurrentThreadId = _typed(_kernel, "GetCurrentThreadId", w.DWORD)
    OpenProcess = _typed(_kernel, "OpenProcess", w.HANDLE, w.DWORD, w.BOOL, w.DWORD)
    CloseHandle = _typed(_kernel, "CloseHandle", w.BOOL, w.HANDLE)
    QueryFullProcessImageNameW = _typed(
        _kernel, "QueryFullProcessImageNameW", w.BOOL, w.HANDLE, w.DWORD, w.LPWSTR, _p(w.DWORD)
    )
    GetProcessTimes = _typed(_kernel, "GetProcessTimes", w.BOOL, w.HANDLE, *[_p(w.FILETIME)] * 4)
    DwmGetWindowAttribute = _typed(_dwm, "DwmGetWindowAttribute", w.LONG, w.HWND, w.DWORD, ctypes.c_void_p, w.DWORD)

EVENT_SYSTEM_FOREGROUND = 0x0003
EVENT_OBJECT_FOCUS = 0x8005
EVENT_OBJECT_LOCATIONCHANGE = 0x800B
EVENT_OBJECT_NAMECHANGE = 0x800C
WINEVENT_OUTOFCONTEXT = 0x0000
OBJID_WINDOW = 0
WM_QUIT = 0x0012
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
DWMWA_CLOAKED = 14
SM_XVIRTUALSCREEN, SM_YVIRTUALSCREEN, SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN = 76, 77, 78, 79
