"""The same artifact under other people's tools, in launches that alternate with ours, and why they differ.

The tools are files in `tools`; `session` takes the launches, `paths` measures the ways of calling inside one
process, `agreement` makes rows of both.
"""
