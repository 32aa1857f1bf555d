"""`python -m advcourse train NAME`: make a shipped checkpoint again, by its recipe. `torchrun` spreads it over GPUs."""

import argparse
import sys

from advcourse import checkpoints, device
from advcourse.training import parallel


def main(arguments: list[str] | None = None) -> int:
    """Run one command of the library; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m advcourse")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a network by its recipe and write its checkpoint")
    train.add_argument("name", choices=sorted(checkpoints.RECIPES))
    given = parser.parse_args(arguments)
    try:
        with parallel.processes(device()) as where:
            notes = checkpoints.train(given.name, device=where)
            if parallel.rank() == 0:
                sys.stdout.write("".join(f"{key}: {value}\n" for key, value in notes.items()))
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; the same command goes on after the last whole epoch\n")
        return 130
    except (ValueError, OSError, FloatingPointError) as error:
        sys.stderr.write(f"\n{given.name} was not trained: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
