"""``make deb``: the agent as a Debian package, the same bytes whenever it is built from the same commit and lock."""
