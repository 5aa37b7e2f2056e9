"""The machine a run happens on: what it is, how many CPUs may be used, what disturbs it, and a doctor.

Everything is read from files and counters; no runtime is imported and no command is run.
"""
