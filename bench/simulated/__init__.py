"""Measurements whose truth is known, and what latbench's statistics say of them."""
