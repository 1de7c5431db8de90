"""A head of one's own, measured beside cosine on people it has not seen. python examples/own_head.py FEATURES HEAD

FEATURES is what `twinface extract` made of a folder of people; HEAD becomes the folder of the head.
"""

import sys
from pathlib import Path

import twinface
from twinface.training.heads.train_head import train_head


def main(features: Path, head: Path) -> None:
    train_head(features, head)
    for title, chosen in (("cosine", None), ("own head", head)):
        pairs = twinface.evaluate(features, head=chosen).verifications[0]
        interval = pairs.intervals["eer"]
        within = f", 95 % within {interval.low:.2%} and {interval.high:.2%}" if interval else ""
        print(f"{title}: EER {pairs.figures.eer:.2%}{within}, {pairs.people} people, {len(pairs.pairs.scores):,} pairs")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except twinface.TwinfaceError as error:
        sys.exit(str(error))
