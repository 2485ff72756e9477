"""The wire: to the collector over HTTPS, and to the person's own programs over a local socket."""
