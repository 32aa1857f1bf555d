"""`python -m advcourse train NAME` makes a shipped checkpoint again, by its recipe; `torchrun` spreads it over GPUs.

`python -m advcourse conflict` makes the cue-conflict images of unit 03 again.
"""

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
    commands.add_parser("conflict", help="make the cue-conflict images of unit 03 again, in some minutes")
    given = parser.parse_args(arguments)
    if given.command == "conflict":
        return remake_conflict_images()
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


def remake_conflict_images() -> int:
    """All of them, with a progress bar; the exit status."""
    from tqdm import tqdm

    from advcourse import conflict

    with tqdm(total=len(conflict.pairs()), unit="image") as bar:
        conflict.make(log=lambda name: bar.update())
    return 0


if __name__ == "__main__":
    sys.exit(main())
