"""`python -m labctl`, where the command is not on the path."""

from labctl.cli.main import main

if __name__ == "__main__":
    main()
