"""The line above everything that is told of one row."""

from latbench.records import Row


def title(row: Row) -> str:
    """Return the row's name and how it ended: "efficientmod_s on openvino, 4 threads: ok"."""
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{where(row)}: {row['status']}{reason}"


def where(row: Row) -> str:
    """Return the row's name: model, runtime, device but for a CPU, threads, and its arm in a comparison."""
    threads = row["threads_requested"]
    count = "unknown threads" if threads is None else f"{threads} thread{'' if threads == 1 else 's'}"
    arm = "" if row.get("arm") is None else f", arm {row['arm']}"
    device = "" if row.get("device") in (None, "cpu") else f", {row['device']}"
    return f"{model(row)} on {row['runtime']}{device}, {count}{arm}"


def model(row: Row) -> str:
    """Return the row's model, with how sure its architecture is where its authors' code is not published."""
    evidence = row.get("evidence")
    return str(row["model"]) if evidence in (None, "published") else f"{row['model']} ({evidence})"


def details(row: Row) -> str:
    """Return what tells the row from others of the same name: lowering, precision, options, input and run."""
    told = (
        row["target"],
        row["lowering"],
        row["precision_requested"],
        row.get("runtime_options"),
        row["input_shape"],
        row["run_id"],
    )
    return " · ".join(str(one) for one in told if one is not None)
