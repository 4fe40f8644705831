"""The shop database: engine, base, column types and migrations."""
