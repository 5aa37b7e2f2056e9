"""The line above everything that is told of one row."""

from latbench.records import Row


def title(row: Row) -> str:
    """Return the row's name and how it ended: "efficientmod_s on openvino, 4 threads: ok"."""
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{where(row)}: {row['status']}{reason}"


def where(row: Row) -> str:
    """Return the row's name: model, runtime and threads."""
    threads = row["threads_requested"]
    count = "unknown threads" if threads is None else f"{threads} thread{'' if threads == 1 else 's'}"
    return f"{row['model']} on {row['runtime']}, {count}"
