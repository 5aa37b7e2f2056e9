import pytest

from latbench.runtimes.trt.log import fault, forget, logger, made, said_last


@pytest.fixture
def log(trt):
    return logger(trt)


def test_errors_and_warnings_are_kept_and_nothing_else(trt, log):
    for name in ("INTERNAL_ERROR", "ERROR", "WARNING", "INFO", "VERBOSE"):
        log.log(getattr(trt.ILogger, name), name)
    assert (list(log.errors), list(log.warnings)) == (["INTERNAL_ERROR", "ERROR"], ["WARNING"])
    forget(log)
    assert (list(log.errors), list(log.warnings)) == ([], [])


def test_a_process_has_one_logger(trt, log):
    assert logger(trt) is log


def test_a_fault_tells_the_latest_errors_once_each_in_one_line(trt, log):
    for said in ("first", "again", "again", "Error Code 4:\n  no kernel"):
        log.log(trt.ILogger.ERROR, said)
    error = fault(log, "no engine")
    assert isinstance(error, RuntimeError)
    assert str(error) == "no engine: again; Error Code 4: no kernel"


def test_a_fault_without_errors_says_so(log):
    assert str(fault(log, "no engine")) == "no engine, and TensorRT did not say why"
    assert said_last(log) == ""


@pytest.mark.parametrize(
    "said",
    [
        "Error Code 2: OutOfMemory (Requested size was 4294967296 bytes.)",
        "Cuda Runtime (out of memory)",
        "Requested amount of GPU memory (1024 bytes): memory could not be allocated.",
    ],
)
def test_too_little_memory_is_a_memory_error(trt, log, said):
    log.log(trt.ILogger.ERROR, said)
    assert isinstance(fault(log, "no engine"), MemoryError)


def test_memory_spoken_of_long_before_is_not_the_reason(trt, log):
    for said in ("out of memory", "a", "b", "c"):
        log.log(trt.ILogger.ERROR, said)
    assert isinstance(fault(log, "no engine"), RuntimeError)


def test_what_the_library_makes_not_is_a_fault(log):
    def refuse():
        raise TypeError("factory function returned nullptr")

    assert made(lambda number: number + 1, log, "none", 1) == 2
    with pytest.raises(RuntimeError, match=r"none, and TensorRT did not say why"):
        made(lambda: None, log, "none")
    with pytest.raises(RuntimeError, match=r"none \(factory function returned nullptr\)"):
        made(refuse, log, "none")
