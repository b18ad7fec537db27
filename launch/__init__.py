"""Sets up and starts Imprint on one machine: `make run`, `make test`, `make bench`, `make check`.

Everything up to the moment the virtual environment exists uses the standard library alone
(`say`, `setup`, `__main__`); the rest runs inside it.
"""
