"""`python -m octavo` is the `octavo` command."""

from octavo.api.cli.main import main

if __name__ == "__main__":
    main()
