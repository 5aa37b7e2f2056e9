from latbench.reports import card

GOLDEN = """\
efficientmod_s on onnxruntime, 4 threads: ok

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
latency       12.35 ± 0.12 ms
protocol      launches, seed 0
run           run-1, 2025-01-02T03:04:05Z
command       latbench run efficientmod_s

flags         precision_differs=fp32->bf16
              oversubscribed=4>2
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


def test_a_cell_that_brought_nothing_back_shows_what_was_asked(crashed):
    shown = card(crashed(runtime="openvino"))
    assert shown.startswith("efficientmod_s on openvino, 4 threads: crashed (killed by signal 11)\n")
    assert "\nthreads       4             unknown\n" in shown
    assert "\nlaunches      10            0  DIFFERS\n" in shown
    assert "\nlatency       unknown\n" in shown
    assert "\nparity        unchecked\n" in shown


def test_only_what_is_known_on_both_sides_can_differ(row):
    assert "DIFFERS" not in card(row(spinning=None, spinning_actual=True, device_actual=None))
    assert "DIFFERS" in card(row(spinning=False, spinning_actual=True))
