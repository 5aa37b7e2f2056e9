from latbench.reports import card

GOLDEN = """\
efficientmod_s on onnxruntime, 4 threads: ok

HOW SURE
latency       12.35 ms, the median of launch medians; 95 % interval 12.22 to 12.47 ms
rests on      10 launches of 400 inferences = 4000
stopped       after the number of launches fixed beforehand
levels        unknown

WHAT RAN
              requested     actual
device        cpu           cpu
precision     fp32          bf16  DIFFERS
threads       4             unknown
spinning      off           off
launches      10            10
inferences    4000          4000

provider      CPUExecutionProvider
runtime       onnxruntime, 1.0
boundary      host
processor     Nucleus 9000
CPUs          8 usable, set 0-7, quota 2.5 CPUs
governor      powersave
kernel        6.1.0
versions      numpy=2.0, onnxruntime=1.0
artifact      0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
target        portable, opset 20, expand=broadcast
inputs        1x3x224x224, fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe
parity        max_abs 2.1e-06, max_rel 1.9e-06, cosine 1 against eager fp32
protocol      launches, seed 0
run           run-1, 2025-01-02T03:04:05Z
command       latbench run efficientmod_s

WHAT DISTURBED IT
precision_differs=fp32->bf16
              Precision asked for -> precision used.
      to mend Compare only with rows of the same precision_actual.
oversubscribed=4>2
              Threads > usable CPUs: the threads wait for one another.
      to mend Use no more --threads than usable CPUs.

What each launch saw stands in records.jsonl, not in a table: name its directory.
"""


def test_golden(row):
    odd = row(
        precision_actual="bf16",
        threads_actual=None,
        spinning=False,
        spinning_actual=False,
        cpu_set="0-7",
        cpu_quota=2.5,
        governor="powersave",
        flags="precision_differs=fp32->bf16;oversubscribed=4>2",
    )
    assert card(odd) == GOLDEN


def test_records_add_what_the_launches_saw_and_a_strip_of_their_medians(row, measured):
    shown = card(row(), measured((5.0,), (9.0,), told={"migrations": 3}))
    assert "\nlaunches      ▁█ medians in the order launched, 5.00 to 9.00 ms\n" in shown
    assert "\nwhat the launches saw " in shown
    assert "not in a table" not in shown


def test_a_cell_that_brought_nothing_back_has_a_card(crashed):
    shown = card(crashed(runtime="openvino"))
    assert shown.startswith("efficientmod_s on openvino, 4 threads: crashed (killed by signal 11)\n")
    assert [part in shown for part in ("\nHOW SURE\n", "\nWHAT RAN\n", "\nWHAT DISTURBED IT\n")] == [True] * 3


def test_plain_marks_make_a_strip_that_any_terminal_shows(row, measured):
    assert "launches      _# medians" in card(row(), measured((5.0,), (9.0,)), "_#")
