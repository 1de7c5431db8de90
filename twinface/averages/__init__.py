"""The average face of a source: what the vectors of a camera, or of photos, have in common, to be subtracted from them.

    averages.pkl    beside the gallery: the different faces that each camera has shown, signed, a vector each

`AveragesInUse.snapshot` gives the averages by that file and the people of a gallery; `averages_of_people` those by
people alone. Only the matcher learns. docs/decisions/averages.md has the rules and what they are worth.
"""

from twinface.averages.average import (
    FEWEST,
    MOVED,
    PRIOR_COUNT,
    Average,
    Averages,
    adjust_people,
    adjusted_vectors,
    averages_of_people,
    centred_vectors,
)
from twinface.averages.averages_in_use import AveragesInUse, FacesFile
from twinface.averages.clusters import Clusters
from twinface.averages.faces_file import forget_person, read_faces, reset_all_faces, reset_faces
from twinface.averages.learner import Learner

__all__ = [
    "FEWEST",
    "MOVED",
    "PRIOR_COUNT",
    "Average",
    "Averages",
    "AveragesInUse",
    "Clusters",
    "FacesFile",
    "Learner",
    "adjust_people",
    "adjusted_vectors",
    "averages_of_people",
    "centred_vectors",
    "forget_person",
    "read_faces",
    "reset_all_faces",
    "reset_faces",
]
