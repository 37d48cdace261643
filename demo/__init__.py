"""A simulated imputation service for demonstrations: a small GA4GH WES server and its data."""
