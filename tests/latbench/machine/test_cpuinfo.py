import pytest

from latbench.machine.cpuinfo import instruction_sets, model

XEON = "model name\t: Nucleus 9000\nflags\t\t: fpu sse2 avx2 avx512f avx512_vnni amx_tile amx_bf16\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd i8mm bf16\nCPU implementer\t: 0x41\nCPU part\t: 0xd49\n"


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        (XEON, ["avx2", "avx512f", "amx_tile", "amx_bf16", "vnni"]),
        ("flags : fpu avx_vnni\n", ["vnni"]),
        ("flags : avx512_bf16x\n", []),
        (ARM, ["neon", "bf16", "i8mm"]),
        ("processor : 0\n", None),
        ("", None),
    ],
)
def test_the_instruction_sets_that_matter(machine, text, sets):
    assert instruction_sets(machine({"proc/cpuinfo": text})) == sets


@pytest.mark.parametrize(
    ("text", "board", "name"),
    [
        (XEON, "", "Nucleus 9000"),
        (ARM, "Small Board 5\0", "Small Board 5"),
        (ARM, "", "ARM 0x41 0xd49"),
        (ARM + "Hardware : SoC7\n", "", "SoC7"),
        ("", "", None),
    ],
)
def test_the_processor_has_a_name(machine, text, board, name):
    assert model(machine({"proc/cpuinfo": text, "proc/device-tree/model": board})) == name


def test_no_cpuinfo(machine):
    assert (instruction_sets(machine()), model(machine())) == (None, None)
