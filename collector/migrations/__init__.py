"""The rows store's schema, step by step. `collector.schema` walks them; each step runs on SQLite and PostgreSQL."""
