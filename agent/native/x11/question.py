"""A request that is asked many times a second: its bytes are made once, and its reply comes as bytes.

xcffib packs each request and makes objects of each reply, which costs three times what the server's answer does.
"""

from typing import Any

import xcffib

from agent.native.x11.link import Link

HEADER_BYTES = 4
"""Opcodes and length, which xcb fills in."""
WORD_BYTES = 4
SCRATCH = 2
"""Vectors before ours that ``xcb_send_request`` may write to (its documentation asks for them)."""
REPLY_BYTES = 32
"""Of every reply, before as many 4-byte units as its length field says."""


class Question:
    """One request of an extension, always with the same fields.

    Args:
        link: The connection.
        extension: xcffib's key of the extension; ``None``: the core protocol.
        opcode: Of the request, within the extension.
        fields: Everything after its header; whole 4-byte units.
        detail: The second byte of its header, which requests of the core protocol have for themselves.
    """

    def __init__(self, link: Link, extension: Any, opcode: int, fields: bytes, detail: int = 0) -> None:
        self._link = link
        ffi = xcffib.ffi
        self._bytes = ffi.new("char[]", bytes((0, detail, 0, 0)) + fields)
        self._length = HEADER_BYTES + len(fields)
        self._vectors = ffi.new("struct iovec[4]")
        self._request = ffi.new("xcb_protocol_request_t *")
        self._request.count = 2
        self._request.ext = extension.c_key if extension is not None else ffi.NULL
        self._request.opcode = opcode
        self._request.isvoid = 0
        self._error = ffi.new("xcb_generic_error_t **")

    def __repr__(self) -> str:
        return f"<Question {self._request.opcode}>"

    def ask(self) -> bytes:
        """The reply, with its header.

        Raises:
            xcffib.ConnectionException: The server is gone.
            xcffib.XcffibException: The server refused.
        """
        return self.answer(self.send())

    def send(self) -> int:
        """Ask without waiting, so that several questions take one way; gives what :meth:`answer` wants."""
        ours = self._vectors[SCRATCH]  # xcb changes it where it has to write in parts
        ours.iov_base, ours.iov_len = self._bytes, self._length
        connection = self._link.xcb._conn  # noqa: SLF001  # xcffib has no accessor
        return int(xcffib.lib.xcb_send_request(connection, 0, self._vectors + SCRATCH, self._request))

    def answer(self, number: int) -> bytes:
        """The reply to what was sent; raises as :meth:`ask`."""
        connection = self._link.xcb._conn  # noqa: SLF001  # xcffib has no accessor
        found = xcffib.lib.xcb_wait_for_reply(connection, number, self._error)
        if found == xcffib.ffi.NULL:
            self._refused()
        owned = xcffib.ffi.gc(found, xcffib.c_free)
        more = xcffib.ffi.cast("xcb_generic_reply_t *", owned).length * WORD_BYTES
        return bytes(xcffib.ffi.buffer(owned, REPLY_BYTES + more))

    def _refused(self) -> None:
        self._link.xcb.invalid()
        error, self._error[0] = self._error[0], xcffib.ffi.NULL
        if error != xcffib.ffi.NULL:
            xcffib.c_free(error)
        raise xcffib.XcffibException("the server refused to answer")
