"""Comparisons drawn from what is recorded: two files, or the blocks of one session."""
