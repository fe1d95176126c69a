"""``python -m engine`` is the same as ``ticktree``."""

from engine.cli import main

if __name__ == "__main__":
    main()
