"""The plan: which subjects on which runtimes, what each needs, and the cells that follow."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from exporters.errors import InputError
from exporters.targets import TARGETS
from latbench import runtimes
from latbench.errors import BadInput
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.execute import Verdict
from latbench.pipeline.export import existing, missing_packages, newest_source_ns
from latbench.pipeline.fleet import expected_mib
from latbench.pipeline.options import FASTEST, PORTABLE, SPINNING, RunOptions
from latbench.pipeline.own.inputs import Inputs
from latbench.pipeline.pool import Ended, Job, Started, work
from latbench.pipeline.prepare import existing_eager
from latbench.pipeline.prepared import Prepared, of_artifact
from latbench.pipeline.subjects import kinds, resolve
from latbench.pipeline.subjects.base import MODULE, ONNX, Subject
from latbench.pipeline.subjects.zoo import whole_zoo
from latbench.pipeline.watch import Watch
from latbench.pipeline.wish import EAGER, Wish
from latbench.records import CellPlan
from latbench.runtimes.base import Availability, Source
from latbench.runtimes.shared.knobs import to_text

GIVEN = "given"
"""The target of somebody's own ONNX file: it is timed as it was given."""

ARTIFACTS = "artifacts"


@dataclass(frozen=True)
class Wanted:
    """One cell before its artifact exists, as `options` ask for it; `refusal` says why it will be skipped."""

    subject: Subject
    runtime: str
    source: str
    target: str
    refusal: str | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    options: RunOptions = field(default_factory=RunOptions)
    arm: str | None = None

    @property
    def lowering(self) -> str | None:
        """The forms in which the cell will compute, as text; None for an ONNX file, which is as it is."""
        return None if self.target == GIVEN else self.wish.lowering

    @property
    def wish(self) -> Wish:
        """What is to be exported, or run eagerly; an ONNX file has none."""
        options = self.options
        return self.subject.wish(self.target, options.opset, self.forms, options.threads)


@dataclass(frozen=True)
class Planned:
    """One cell; `verdict` is how it ends when it is not to be launched."""

    cell: CellPlan
    verdict: Verdict | None = None


def subjects(options: RunOptions) -> tuple[Subject, ...]:
    """Return what `options` name, each once, in order; BadInput for the first that cannot be used."""
    if not options.names:
        return whole_zoo(options.resolution)
    found = tuple(resolve(name, options.resolution, options.inputs) for name in dict.fromkeys(options.names))
    for subject in found:
        for forms in options.variants:
            subject.wish(PORTABLE, options.opset, forms)  # refuses a value that a form does not have
    return found


def without_effect(chosen: Sequence[Subject], forms: Iterable[str]) -> list[str]:
    """Return a sentence for each of `forms` that some of `chosen` lack; BadInput when all of them lack it."""
    notes = []
    for form in forms:
        lacking = [subject.name for subject in chosen if form not in subject.forms]
        if len(lacking) == len(chosen):
            raise BadInput(f"--{form} changes nothing in {', '.join(lacking)}; leave it out.")
        if lacking:
            notes.append(f"--{form} changes nothing in {', '.join(lacking)}.")
    return notes


def idle(chosen: Sequence[Subject], inputs: Inputs) -> list[str]:
    """Return a sentence where some of `chosen` have inputs of their own; BadInput when all of them have."""
    own = [subject.name for subject in chosen if not subject.inputs] if inputs else []
    if own and len(own) == len(chosen):
        names = ", ".join(dict.fromkeys(own))
        raise BadInput(f"{inputs.options} is for one's own models; {names} has its own inputs, leave it out.")
    return [f"{inputs.options} changes nothing in {', '.join(dict.fromkeys(own))}."] if own else []


def wanted(
    chosen: Iterable[Subject],
    options: RunOptions,
    available: Mapping[str, Availability],
    arm: str | None = None,
) -> tuple[Wanted, ...]:
    """Return every subject in every variant on every runtime, those that cannot run with the reason.

    `arm` becomes that of each cell.
    """
    names = tuple(dict.fromkeys(options.runtimes))
    return tuple(
        replace(_wanted(subject, forms, name, options, available[name]), arm=arm)
        for subject in chosen
        for forms in _variants(subject, options)
        for name in names
    )


def _variants(subject: Subject, options: RunOptions) -> list[dict[str, str]]:
    """Return the combinations of forms to measure `subject` in, without those forms that it lacks."""
    found: list[dict[str, str]] = []
    for variant in options.variants:
        own = {form: value for form, value in variant.items() if form in subject.forms}
        if own not in found:
            found.append(own)
    return found


def _wanted(
    subject: Subject, forms: Mapping[str, str], name: str, options: RunOptions, found: Availability
) -> Wanted:
    accepted = runtimes.get(name).accepts & subject.gives
    source = ONNX if ONNX in accepted or not accepted else MODULE
    target = _target(subject, name, options) if source == ONNX else EAGER
    refusal = subject.refusal
    if not found.available:
        refusal = f"{found.reason}; mend: {found.mend}"
    elif target == EAGER and subject.eager_refusal(forms):
        refusal = subject.eager_refusal(forms)
    elif not accepted:
        refusal = f"{name} does not load ONNX files; name package.module:factory to time the module itself"
    elif options.precision not in runtimes.get(name).precisions:
        known = ", ".join(sorted(runtimes.get(name).precisions))
        refusal = f"{name} cannot be asked for {options.precision}; --precision is one of: {known}"
    elif found.precisions and options.precision not in found.precisions:
        known = ", ".join(sorted(found.precisions))
        there = f"{name} has no {options.precision} on --device {options.device} of this machine"
        refusal = f"{there}; --precision is one of: {known}"
    return Wanted(subject, name, source, target, refusal, forms, options)


def _target(subject: Subject, runtime: str, options: RunOptions) -> str:
    if MODULE not in subject.gives:
        return GIVEN
    if options.target != FASTEST:
        return options.target
    # A target named after a runtime that has a CPU is for the CPU.
    other = options.device != "cpu" and "cpu" in runtimes.get(runtime).devices
    return runtime if runtime in TARGETS and not other else PORTABLE


def packages_of(cells: Iterable[Wanted]) -> dict[str, str]:
    """Return the versions of other packages that models of `cells` come from, by distribution."""
    found: dict[str, str] = {}
    for subject in {one.subject.name: one.subject for one in cells if one.refusal is None}.values():
        found |= kinds()[subject.kind].packages(subject.name)
    return found


class Preparation:
    """What the cells of a run need, made once for all that share it, in the results directory.

    `jobs` things are made at one time, each in a process of its own, as `pool.work` says.
    """

    def __init__(self, output: Path, watch: Watch, jobs: int = 1) -> None:
        self._output, self._watch, self._jobs = output, watch, jobs
        self._folder = output / ARTIFACTS

    def missing(self, cells: Iterable[Wanted]) -> int:
        """Return how many artifacts and eager references will have to be made; no file's hash is checked."""
        distinct = {self._key(one): one for one in cells if one.refusal is None}
        newest_ns = newest_source_ns()
        return sum(
            one.target != GIVEN and self._ready(one, newest_ns=newest_ns, hashed=False) is None
            for one in distinct.values()
        )

    def plan(self, cells: Sequence[Wanted]) -> tuple[Planned, ...]:
        """Return the cells with what they need prepared; one that cannot be prepared comes with a verdict.

        Where a single model was named, InputError and BadInput are raised instead. Everything is made when
        this returns.
        """
        made = self._made({self._key(one): one for one in cells if one.refusal is None})
        return tuple(
            self._planned(one, Verdict("skipped", one.refusal) if one.refusal else made[self._key(one)])
            for one in cells
        )

    def _key(self, one: Wanted) -> Hashable:
        wish, forms = one.wish, sorted(one.forms.items())
        asked = (wish.resolution, wish.opset, wish.threads, wish.inputs)
        return (wish.name, one.source, one.target, *asked, *forms)

    def _made(self, wishes: Mapping[Hashable, Wanted]) -> dict[Hashable, Prepared | Verdict]:
        made = {key: found for key, one in wishes.items() if (found := self._settled(one)) is not None}
        jobs = [self._job(key, one) for key, one in wishes.items() if key not in made]

        def starting(key: Hashable) -> None:
            self._watch.preparing(wishes[key].subject.name, _doing(wishes[key]))

        with closing(work(jobs, self._jobs, starting)) as ends:
            for count, ended in enumerate(ends, 1):
                one = wishes[ended.key]
                made[ended.key] = became = _became(one, ended)
                how = f"{became.status}: {became.reason}" if isinstance(became, Verdict) else None
                self._watch.prepared(one.subject.name, how, count, len(jobs))
        return made

    def _settled(self, one: Wanted) -> Prepared | Verdict | None:
        """Return what a cell needs where it is there already, or why it cannot be made; None: make it."""
        ready = None if one.target == GIVEN else self._ready(one)
        if ready is not None:
            return ready
        lacks = missing_packages() if one.source == ONNX and one.target != GIVEN else None
        return None if lacks is None else Verdict("skipped", f"it cannot be exported here: {lacks}")

    def _ready(self, one: Wanted, *, newest_ns: int | None = None, hashed: bool = True) -> Prepared | None:
        if one.target == EAGER:
            return existing_eager(one.wish, self._folder, newest_ns=newest_ns)
        artifact = existing(one.wish, self._folder, newest_ns=newest_ns, hashed=hashed)
        return None if artifact is None else of_artifact(artifact)

    def _job(self, key: Hashable, one: Wanted) -> Job[Hashable]:
        """Return the job that makes what a cell needs, as large as an export of so many weights."""
        task, arguments = self._task(one)
        params = one.subject.params
        if one.target == GIVEN:
            params = Path(one.subject.name).stat().st_size // 4

        def do(started: Started) -> dict[str, Any]:
            return call(task, arguments, started=started)

        return Job(key, expected_mib(params), do)

    def _task(self, one: Wanted) -> tuple[str, dict[str, Any]]:
        folder = str(self._folder)
        if one.target == GIVEN:
            subject = one.subject
            asked = {"inputs": subject.inputs.to_json(), "resolution": one.options.resolution}
            return "reference", {"path": subject.name, "folder": folder, **asked}
        return "eager" if one.target == EAGER else "exported", {"wish": one.wish.to_json(), "folder": folder}

    def _planned(self, one: Wanted, found: Prepared | Verdict) -> Planned:
        subject, options = one.subject, one.options
        cell = CellPlan(
            model=subject.name,
            family=subject.family,
            evidence=subject.evidence,
            resolution=subject.resolution,
            input_shape=subject.input_shape or "",
            params=subject.params,
            macs=subject.macs,
            target=one.target,
            lowering=one.lowering,
            runtime=one.runtime,
            source=Source(one.source).to_json(),
            device=options.device,
            precision=options.precision,
            threads=options.threads,
            spinning=SPINNING[options.spinning],
            arm=one.arm,
            knobs=to_text(options.knobs.get(one.runtime, {})),
        )
        if isinstance(found, Verdict):
            return Planned(cell, found)
        return Planned(_with(cell, found, self._output.resolve()))


def _doing(one: Wanted) -> str:
    """Return what is being done so that a cell can be measured."""
    if one.target == GIVEN:
        return "computing its reference outputs"
    return "computing its eager outputs" if one.target == EAGER else f"exporting it, target {one.target}"


def _became(one: Wanted, ended: Ended[Hashable]) -> Prepared | Verdict:
    """Return what was made, or the verdict; raise what a user who named one model has to mend first."""
    error = ended.error
    if error is None:
        return Prepared.from_json(ended.value)
    if isinstance(error, WorkerDied):
        return Verdict(error.status, f"the process that prepares it died: {error}")
    if isinstance(error, BadInput | InputError) and len(set(one.options.names)) == 1:
        raise error
    return Verdict("failed", str(error))


def _with(cell: CellPlan, found: Prepared, root: Path) -> CellPlan:
    """Return `cell` with what was prepared; paths inside `root` become relative, so that it can move."""
    shape = found.input_shape.partition(";")[0].split("x")
    source = (
        found.source
        if found.source.path is None
        else replace(found.source, path=_inside(found.source.path, root))
    )
    return replace(
        cell,
        input_shape=found.input_shape,
        batch=int(shape[0]) if len(shape) == 4 else 1,
        resolution=cell.resolution or (int(shape[2]) if len(shape) == 4 and shape[2] == shape[3] else None),
        source=source.to_json(),
        params=cell.params if cell.params is not None else found.params,
        macs=cell.macs if cell.macs is not None else found.macs,
        artifact_path=None if found.artifact_path is None else _inside(found.artifact_path, root),
        reference=None if found.reference is None else _inside(found.reference, root),
        **{name: getattr(found, name) for name in _COPIED},
    )


_COPIED = ("artifact_sha256", "artifact_bytes", "opset", "reference_kind", "input_sha256")


def _inside(path: str, root: Path) -> str:
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def with_macs(cells: Sequence[Planned]) -> tuple[Planned, ...]:
    """Return `cells`, each with the MACs that any cell of the same model and input knows."""
    known = {
        (one.cell.model, one.cell.input_shape): one.cell.macs for one in cells if one.cell.macs is not None
    }
    return tuple(
        replace(one, cell=replace(one.cell, macs=known.get((one.cell.model, one.cell.input_shape))))
        for one in cells
    )
