import pytest

from exporters.errors import first_line


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("one"), "ValueError: one"),
        (ValueError("\n  one.\n two"), "ValueError: one"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("\n\n"), "RuntimeError"),
    ],
)
def test_the_first_line_is_told_with_its_class(error, told):
    assert first_line(error) == told
