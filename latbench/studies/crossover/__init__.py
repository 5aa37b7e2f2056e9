"""At which size does a lowering of ParC overtake the spatial form? The cells to measure, and their answer."""

from latbench.studies.crossover.answer import Answer, answer
from latbench.studies.crossover.cells import Cell, measured, together
from latbench.studies.crossover.grid import Asked, Grid, sizes_of
from latbench.studies.crossover.words import sentences

__all__ = ["Answer", "Asked", "Cell", "Grid", "answer", "measured", "sentences", "sizes_of", "together"]
