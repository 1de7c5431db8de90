"""A head retrained on the box: from the gallery and what people said of names, taken only where it is not worse.

head.json, head.npz     the head
folds/<k>/              heads that were not trained on the people of fold k, to measure the next one against
start/                  the head that this one, and the next, starts from
previous/               the whole folder that stood here before
"""
