"""The seven databases: one module per database, one engine each, PostgreSQL only."""
