import math

import pytest

from exporters.lowerings import lowerings
from exporters.lowerings.circulant import LARGEST
from exporters.lowerings.name import Choice, parse
from exporters.lowerings.nearest import ASKED, nearest, nearest_factor


def test_what_can_be_built_stays(circular):
    op = circular("h", (1, 4, 56, 5))
    for text in ("spatial", "circulant_ch2", "crt4_8", "crtk_7_ch+matmul", "crt2"):
        assert nearest(op, parse(text)).choice == parse(text)
        assert nearest(op, parse(text)).reason == ASKED


@pytest.mark.parametrize(
    ("length", "asked", "used"),
    [
        (56, "crt4_16", "crt4_14"),
        (60, "crtk_7_ch4", "crtk_6_ch4"),
        (13, "crt4_8+matmul", "circulant+matmul"),
        (13, "crt2", "circulant"),
    ],
)
def test_what_cannot_becomes_the_nearest_that_can_and_says_why(circular, length, asked, used):
    decision = nearest(circular("w", (1, 4, 3, length)), parse(asked))
    assert decision.choice.text == used
    assert decision.reason.startswith(f"{asked} is not possible because ")
    assert decision.reason.endswith(f": {used}")


def test_where_no_factor_will_do_the_operators_own_reason_is_told(circular):
    dense = nearest(circular("h", (1, 4, 14, 3), outputs=4), Choice("crt4"))
    refusal = lowerings()["crt4"].refusal(circular("h", (1, 4, 14, 3), outputs=4), 2)
    assert dense.reason == f"crt4 is not possible because {refusal}: circulant"
    assert "dense" in refusal


def test_no_factor_given_is_the_one_nearest_the_square_root(circular):
    decision = nearest(circular("h", (1, 4, 56, 5)), parse("crt4"))
    entry = lowerings()["crt4"]
    factors = entry.factors(circular("h", (1, 4, 56, 5)))
    assert decision.choice.factor == min(factors, key=lambda n: abs(math.log(n / math.sqrt(56))))
    assert "nearest the square root" in decision.reason


def test_a_dense_operator_is_not_chunked(circular):
    decision = nearest(circular("h", (1, 4, 8, 3), outputs=4), Choice("circulant", None, "auto"))
    assert decision.choice == Choice("circulant")
    assert decision.reason == "a dense operator is not split by channels"


def test_where_the_circulant_is_too_large_the_spatial_form_is_left(circular):
    op = circular("h", (1, LARGEST // (4 * 1009**2) + 1, 1009, 1), shift=False)
    decision = nearest(op, Choice("circulant"))
    assert decision.choice.text == "spatial"
    assert "its matrices would take 0.5 GB" in decision.reason


@pytest.mark.parametrize("length", [7, 12, 13, 15, 56, 97, 224])
@pytest.mark.parametrize("name", [name for name, entry in lowerings().items() if entry.takes_factor])
def test_the_nearest_factor_is_one_that_is_accepted(circular, length, name):
    op, entry = circular("h", (1, 2, length, 2)), lowerings()[name]
    for wanted in (2, 7, 16, 50):
        found = nearest_factor(op, name, wanted)
        accepted = [d for d in range(2, length + 1) if length % d == 0 and entry.refusal(op, d) is None]
        assert found in accepted or (found is None and not accepted)
        assert all(abs(math.log(found / wanted)) <= abs(math.log(d / wanted)) + 1e-12 for d in accepted)
