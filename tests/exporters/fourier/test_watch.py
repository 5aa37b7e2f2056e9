import pytest
import torch

from exporters.fourier.watch import complex_values


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.fft.irfft(torch.fft.rfft(x)),
        lambda x: torch.view_as_complex(x).abs(),
        lambda x: (x * 1j).imag,
        lambda x: torch.fft.fft(x).chunk(2)[0].real,
    ],
)
def test_complex_values_are_seen(function):
    with complex_values() as seen:
        function(torch.ones(4, 2))
    assert seen
    assert all(name.startswith("aten.") for name in seen)


def test_real_ones_are_not_and_the_numbers_are_the_same():
    layer, x = torch.nn.Conv2d(3, 4, 3), torch.ones(1, 3, 8, 8)
    with complex_values() as seen:
        watched = layer(x).split(2, 1)
    assert not seen
    assert all((a == b).all() for a, b in zip(watched, layer(x).split(2, 1), strict=True))
