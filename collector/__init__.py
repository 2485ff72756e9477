"""The server: admits, stores and serves sealed batches. It cannot decrypt anything."""
