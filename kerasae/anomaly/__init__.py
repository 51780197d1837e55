"""How odd pictures are: scores, and a detector that is kept with a run."""

SCORES = ("reconstruction", "sap", "nap", "knn", "combined", "local")
# Share of normal images that may be called odd.
FALSE_ALARMS = 0.01
