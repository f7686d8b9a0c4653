"""`python -m api` is the `octavo` command."""

from api.cli import main

main()
