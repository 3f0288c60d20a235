"""``python -m seatrial``: the same as the ``seatrial`` program."""

from seatrial.cli.app import main

if __name__ == "__main__":
    main()
