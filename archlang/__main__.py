"""`python -m archlang`: the command line."""

from archlang.cli import main

if __name__ == "__main__":
    main()
