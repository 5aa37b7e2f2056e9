"""`python -m latbench` is `latbench`."""

from latbench.cli import main

if __name__ == "__main__":
    main()
