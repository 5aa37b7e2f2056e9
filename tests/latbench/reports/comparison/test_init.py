import pytest

from latbench.errors import BadInput
from latbench.reports.comparison import formats, render


def test_every_format_renders(comparison, pair, failed, levelled):
    for found in (comparison(), comparison(pair(), failed, levelled), comparison(form="stored")):
        for name in formats():
            text = render(found, name)
            assert text.endswith("\n")
            assert found.verdict in text


def test_an_unknown_format_is_refused(comparison):
    with pytest.raises(BadInput, match="no format 'html'; --format is one of json, markdown, table"):
        render(comparison(), "html")
