"""`python -m serve` is the command `hearth`."""

from serve.cli import main

main()
