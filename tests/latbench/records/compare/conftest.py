"""Results files for comparisons: cells whose launches have given medians."""

import dataclasses

import pytest

from latbench.records import CellRecord, csvfile, read, rows
from latbench.records.line import encode

MACHINE = {"cpu_model": "C1", "usable_cpus": 2, "governor": "performance"}
SPREAD = (1.00, 1.004, 0.996, 1.002, 0.998, 1.001)


@pytest.fixture
def wave():
    """Returns latencies in ms around a level, one per launch."""
    return lambda level, spread=SPREAD: tuple(level * part for part in spread)


@pytest.fixture
def results(tmp_path, plan, run, launch):
    """Writes a results directory: a cell for each (changes of the plan, ms per launch, status); its path."""

    def write(name, *cells, machine=MACHINE, **of_run):
        planned = [(plan(**changes), latencies, status) for changes, latencies, status in cells]
        most = max((len(latencies) for _, latencies, _ in planned), default=1)
        record = run(
            *(cell for cell, _, _ in planned),
            **{"run_id": f"run-{name}", "machine": machine, "launches": most, "iterations": 4 * most}
            | of_run,
        )
        records = [record]
        for cell, latencies, status in planned:
            for index, level in enumerate(latencies):
                samples = tuple(round(1e6 * level * part) for part in (1, 0.999, 1.001, 1))
                made = launch(index=index, cell=cell, run_id=record.run_id, samples_ns=samples)
                records.append(made)
            if status is not None:
                reason = None if status == "ok" else f"it is {status}"
                records.append(
                    CellRecord(run_id=record.run_id, cell_id=cell.cell_id, status=status, reason=reason)
                )
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        with (folder / "records.jsonl").open("ab") as file:
            file.writelines(map(encode, records))
        return folder

    return write


@pytest.fixture
def as_csv():
    """Writes the latency.csv of a results directory and takes the records away."""

    def write(folder):
        csvfile.write(rows(read(folder)), folder / "latency.csv")
        (folder / "records.jsonl").unlink()
        return folder / "latency.csv"

    return write


@pytest.fixture
def row(plan):
    """A row as the rules of likeness look at it."""

    def build(**changes):
        known = {field.name: getattr(plan(), field.name) for field in dataclasses.fields(plan())}
        known |= {"threads_requested": 2, "precision_requested": "fp32", "precision_actual": "fp32"}
        known |= {"device_actual": "cpu", "boundary": "host", "cpu_quota": None, **MACHINE}
        known |= {"runtime_options": known["knobs"], "gpu": None}
        known |= {"run_id": "r", "cell_id": "c", "status": "ok", "reason": None, "flags": None}
        return {**known, "protocol": "launches", "launches": 10, **changes}

    return build
