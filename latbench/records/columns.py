"""The columns of latency.csv, in order: the list that the CSV, the tables and results/README.md follow."""

from collections.abc import Iterable
from dataclasses import dataclass

from latbench import stats


@dataclass(frozen=True)
class Column:
    """One column: its name (the unit included where there is one), unit, meaning and Python type."""

    name: str
    unit: str
    description: str
    type: type = str


def _texts(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, "text", description) for name, description in pairs)


def _counts(*triples: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, unit, description, int) for name, unit, description in triples)


def _floats(*triples: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, unit, description, float) for name, unit, description in triples)


_CELL = (
    *_counts(("schema", "number", "Schema of the records this row was made from.")),
    *_texts(
        ("run_id", "The run: one invocation and its launches."),
        ("cell_id", "First 12 hex digits of the hash of what makes this cell itself; equal over runs."),
        ("created", "When the run began, ISO 8601, UTC."),
        ("model", "Name of the model, or path of one's own ONNX file."),
        ("family", "Family of the model in the zoo."),
        (
            "evidence",
            "How sure its architecture is: published, inferred, reconstruction; empty: no model of the zoo.",
        ),
    ),
    *_counts(("resolution", "px", "Height and width of the input image.")),
    *_texts(("input_shape", "Shape of the input, NxCxHxW; those of several separated by a semicolon.")),
    *_counts(
        ("params", "count", "Parameters of the model."),
        ("macs", "count", "Multiply-accumulates of one image; FLOPs are twice that."),
    ),
    *_texts(
        ("runtime", "The engine that ran the model."),
        ("runtime_version", "Its version, as the launches report it."),
        ("device", "Device asked for."),
        ("device_actual", "Device that ran, read back from the session."),
        ("provider_actual", "Execution provider, plug-in or mode that ran, read back from the session."),
        ("precision_requested", "Arithmetic asked for."),
        ("precision_actual", "Arithmetic used, read back from the session."),
    ),
    *_counts(
        ("threads_requested", "count", "Threads asked for."),
        ("threads_actual", "count", "Threads used, read back from the session."),
    ),
    Column("spinning", "true/false", "Whether idle threads were asked to spin; empty: the default.", bool),
    Column("spinning_actual", "true/false", "Whether they do, read back from the session.", bool),
    *_texts(
        (
            "runtime_options",
            "The runtime's own options that were set, as name=value;name=value; empty: none.",
        ),
    ),
    *_counts(
        (
            "usable_cpus",
            "count",
            "CPUs the process may use: affinity and cgroup quota, not what is installed.",
        ),
        ("batch", "images", "Images per inference."),
    ),
    *_texts(
        (
            "target",
            "What the artifact was exported for: portable, a runtime, eager (none), given (a user's own).",
        ),
        ("lowering", "How operators were lowered, e.g. expand=broadcast."),
    ),
    *_counts(("opset", "number", "ONNX opset read back from the artifact.")),
    *_texts(("artifact_sha256", "SHA-256 of the artifact that was timed.")),
    *_counts(("artifact_bytes", "bytes", "Size of the artifact.")),
    *_texts(
        ("input_sha256", "SHA-256 of the inputs that were timed."),
        ("status", "How the cell ended; see Statuses."),
        ("reason", "Why, when it is not ok."),
    ),
    *_counts(
        ("launches", "count", "Launches summarised here: fresh processes, the unit of the interval."),
        ("launches_requested", "count", "Launches asked for; in an adaptive run the most there can be."),
        ("iterations", "count", "Timed inferences summarised here, over all launches."),
        ("iterations_requested", "count", "Timed inferences asked for, over all launches; empty: adaptive."),
        ("warmup", "count", "Untimed inferences asked for before the timed ones of each launch."),
    ),
    *_texts(
        (
            "protocol",
            "launches (several fresh processes), paper (one, hence no interval), adaptive, or quick (5 %).",
        ),
        (
            "schedule",
            "Order of the launches: blocks (each cell once), abba (pairs, for a comparison), or shared (the "
            "cells of one subject and runtime by turns in one process).",
        ),
        ("arm", "What tells apart cells of a comparison that are otherwise the same."),
    ),
    *_floats(
        ("precision_target_percent", "%", "Half-width of the interval at which an adaptive run stops."),
        ("time_limit_s", "s", "Measuring time of a cell after which launches are no longer added."),
    ),
    *_texts(
        (
            "looks",
            "Launches at which an adaptive run may stop, as 5/10/20; its interval allows for all.",
        ),
        ("boundary", "Where latency is taken: host is call to outputs readable on the host."),
        ("copies", "On a GPU: what is copied, and whether inside the host latency."),
        ("cuda_graph", "Whether a CUDA graph was replayed: on, off, or fell back: the reason."),
    ),
)

_AFTER = (
    *_floats(
        (
            "device_median_ms",
            "ms",
            "Latency on the GPU, by events around the inference, without copies: median of launch medians.",
        ),
        ("device_ci95_low_ms", "ms", "Lower end of its 95 % interval, made as that of latency_ms."),
        ("device_ci95_high_ms", "ms", "Upper end of that interval."),
        ("device_min_ms", "ms", "Fastest single inference on the GPU."),
        ("gpu_copy_gb_s", "GB/s", "Bytes read and written per second by a copy inside the GPU, measured."),
        (
            "gpu_matrix_tflops",
            "TFLOP/s",
            "Speed of a matrix product on the GPU in the arithmetic used, measured.",
        ),
        (
            "roofline_ms",
            "ms",
            "What the model would take at these two: the larger of twice its MACs at the one and its weights "
            "read once at the other. Weights that stay in the GPU's cache can beat the latter, and a "
            "circular correlation computed by a transform the former: its MACs are those of the spatial "
            "form.",
        ),
        ("roofline_percent", "%", "roofline_ms of device_median_ms: 100 is all the GPU could do."),
    ),
    *_floats(
        ("first_inference_ms", "ms", "First inference of a launch, median over launches."),
        ("load_ms", "ms", "Loading the model into the runtime, without compile_ms; median over launches."),
        ("compile_ms", "ms", "Compilation for this machine, where told apart; median over launches."),
        ("engine_build_ms", "ms", "Building the engine, of the launches that built one; their median."),
    ),
    *_counts(("engine_bytes", "bytes", "Size of the engine.")),
    Column("engine_cached", "true/false", "Whether each launch found its engine built already.", bool),
    *_floats(
        ("peak_rss_mib", "MiB", "Peak resident memory of the measuring process; median over launches."),
        ("parity_max_abs", "1", "Largest absolute difference of an output from the reference, worst launch."),
        ("parity_max_rel", "1", "The same divided by the largest absolute value of that output."),
        ("parity_cosine", "1", "Cosine similarity of the outputs with the reference, worst launch."),
        ("parity_limit", "1", "Largest parity_max_rel that passes at the precision asked for."),
    ),
    *_texts(
        ("parity_reference", "What the outputs were compared with."),
        ("flags", "What to know before trusting the row, as name=figure;name=figure; see Flags."),
        ("cpu_model", "Name of the processor."),
        ("cpu_set", "CPUs the process was allowed to run on."),
    ),
    *_floats(("cpu_quota", "CPUs", "CPU time the cgroup allows, in CPUs; empty: no limit known.")),
    *_texts(
        ("kernel", "Release of the operating system's kernel."),
        ("governor", "CPU frequency governor."),
        ("gpu", "Name of the GPU."),
        ("gpu_driver", "Version of its driver."),
    ),
    *_counts(("seed", "number", "Seed of the order of the launches.")),
    *_texts(
        ("versions", "Versions of the packages, as name=version;name=version."),
        ("command", "The command line of the run."),
    ),
)


def columns(using: Iterable[stats.Statistic] | None = None) -> tuple[Column, ...]:
    """Return every column in order; the statistics of `latbench.stats`, or `using`, stand in the middle."""
    chosen = stats.statistics() if using is None else using
    middle = (Column(one.name, one.unit, one.description, float) for one in chosen)
    return (*_CELL, *middle, *_AFTER)
