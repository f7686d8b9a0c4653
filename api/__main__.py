"""`python -m api` is the `octavo` command."""

from octavo.api.cli.main import main

main()
