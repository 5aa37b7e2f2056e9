"""Measuring: what one launch is, how launches are interleaved, and the loop that reads the clock."""
