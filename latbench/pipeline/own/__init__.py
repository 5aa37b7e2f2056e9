"""Somebody's own models: how one is named, what it takes, and what it is fed when it is exported and run."""
