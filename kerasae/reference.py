"""The report's figures: MSE by projected dimension, tables 1 (MNIST) and 2 (Fashion-MNIST)."""

# Mean AUROC of one-class and one-novel tasks as published, by data set and protocol; each figure
# is of its paper's own split, see docs/anomaly.md.
PUBLISHED_AUROC: dict[tuple[str, str], dict[str, float]] = {
    ("mnist", "one-class"): {
        "RaPP dense, SAP (Kim et al. 2020)": 0.980,
        "RaPP dense, NAP (Kim et al. 2020)": 0.979,
        "ARAE (Salehi et al. 2020)": 0.9757,
        "Deep SVDD (Ruff et al. 2018)": 0.948,
    },
    ("fashion_mnist", "one-class"): {
        "RaPP dense, SAP (Kim et al. 2020)": 0.928,
        "RaPP dense, NAP (Kim et al. 2020)": 0.933,
        "ImageNet features, nearest neighbours (DN2)": 0.944,
    },
    ("mnist", "one-novel"): {"RaPP dense, NAP (Kim et al. 2020)": 0.899},
    ("fashion_mnist", "one-novel"): {"RaPP dense, NAP (Kim et al. 2020)": 0.734},
}
REPORT_DIMS = (15, 30, 50, 100)

REPORT_MSE: dict[str, dict[str, dict[int, float]]] = {
    "mnist": {
        "basic": {15: 0.0681, 30: 0.0555, 50: 0.0412, 100: 0.0313},
        "extended": {15: 0.0823, 30: 0.0788, 50: 0.0698, 100: 0.0699},
    },
    "fashion_mnist": {
        "basic": {15: 0.0649, 30: 0.0561, 50: 0.0522, 100: 0.0463},
        "extended": {15: 0.0702, 30: 0.0729, 50: 0.0718, 100: 0.0736},
    },
}

# Long training of the best architecture: 50 epochs on MNIST, 30 on Fashion-MNIST.
REPORT_LONG_RUN: dict[str, dict[str, float]] = {
    "mnist": {"loss": 0.0157},
    "fashion_mnist": {"training loss": 0.0287, "validation loss": 0.0312},
}

# Table 3, MNIST: Lasso λ=1e-4 and none after 50 epochs, Dropout after 10.
REPORT_REGULARIZATION = {"none": 0.0157, "lasso": 0.0225, "dropout": 0.9259}

# Whose numbers stand beside a data set that the report does not have.
_NEAREST = {"mnist5k": "mnist"}
_TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "mnist5k": "5,000 MNIST digits"}

# The report trains 10 epochs on MNIST and 5 on Fashion-MNIST. The 5,000 digits are there to see
# a whole sweep in a minute; 20 epochs and more are worth their while.
SWEEP_EPOCHS = {"mnist": 10, "fashion_mnist": 5, "mnist5k": 3}


def title_of(dataset: str) -> str:
    """Returns a data set's name as its authors write it.

    Example:

    >>> title_of("fashion_mnist")
    'Fashion-MNIST'
    """
    return _TITLES.get(dataset, dataset)


def nearest_of_report(dataset: str) -> str:
    """Returns the data set whose numbers of the report may stand beside one.

    Example:

    >>> nearest_of_report("mnist5k"), nearest_of_report("fashion_mnist"), nearest_of_report("own")
    ('mnist', 'fashion_mnist', 'own')
    """
    return _NEAREST.get(dataset, dataset)


def report_heading(dataset: str, of: str) -> str:
    """Heads the report's numbers, with the data set they are of where it is another one.

    Example:

    >>> report_heading("mnist", of="mnist"), report_heading("mnist5k", of="mnist")
    ('report', 'report (MNIST)')
    """
    return "report" if dataset == of else f"report ({title_of(of)})"


_LONG_EPOCHS = {"mnist": 50, "fashion_mnist": 30, "mnist5k": 60}


def long_epochs(dataset: str) -> int:
    """Returns the default number of epochs of a long training.

    Example:

    >>> long_epochs("mnist")
    50
    """
    return _LONG_EPOCHS.get(dataset, 50)
