"""The composition root: from names on a command line to artifacts, launches, records and rows.

It alone knows the zoo, the exporters, the runtimes, the measuring and the records; only `cli` imports it.
The process that runs it stays small: whatever needs PyTorch, ONNX or a runtime happens in a child
(`worker`).
"""
