"""Pages for people: made on the server, without scripts, for light and dark and any width."""
