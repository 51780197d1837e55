"""The autoencoder as a scikit-learn transformer, and as an outlier detector."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    OutlierMixin,
    TransformerMixin,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from kerasae.anomaly import FALSE_ALARMS, SCORES
from kerasae.anomaly.detector import Detector
from kerasae.data.image_data import ImageData
from kerasae.data.pixels import as_bytes
from kerasae.errors import InvalidSetting, KerasAEWarning
from kerasae.experiment import Experiment
from kerasae.files.shapes import fields_of
from kerasae.model_outputs import outputs
from kerasae.model_parts import decoder_of, encoder_of
from kerasae.runs.fitting import fit_run
from kerasae.runs.run import Run

# A column that varies by less of the data's range has four of its 256 steps.
_LEAST_RANGE = 1 / 64
_HELD_OUT = 0.1
# What scikit-learn calls settings of `Experiment`.
_NAMES = {"latent_dim": "n_components", "seed": "random_state"}
# Rows so many ranges of the data away are odd whatever they hold; float32 has no square of more.
_FARTHEST = 1e6
# A threshold that so few held-out rows tell is a guess.
_FEW = 4


class _Autoencoder(BaseEstimator):
    """What both do: rows are scaled together and trained on as images of one pixel's height."""

    def _trained(self, rows: NDArray[Any], **settings: Any) -> Run:
        low, high = float(rows.min()), float(rows.max())
        self.data_min_, self.data_range_ = low, (high - low) or 1.0
        _warn_of_scales(rows, self.data_range_)
        data = ImageData.from_arrays(as_bytes(self._scaled(rows)[:, None]))
        run = fit_run(self._experiment(len(rows), settings), data)
        self.model_, self.history_ = run.model, run.history
        return run

    def _experiment(self, rows: int, given: dict[str, Any]) -> Experiment:
        settings = {**self.get_params(deep=False), **given}
        for ours, name in _NAMES.items():
            settings[ours] = settings.pop(name)
        settings["seed"] = settings["seed"] or 0
        if settings["batch_size"] is not None:
            settings["batch_size"] = min(settings["batch_size"], rows)
        known = {name: settings[name] for name in fields_of(Experiment) if name in settings}
        try:
            return Experiment(**{"validation_split": 0.0, **known, "dataset": "array"})
        except InvalidSetting as error:
            name = _NAMES.get(error.setting, error.setting)
            raise InvalidSetting(name, error.received, error.expected) from None

    def _validated(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        # One row has no variance for PCA to start at.
        least = 2 if reset else 1
        return validate_data(
            self, X, reset=reset, dtype=[np.float64, np.float32], ensure_min_samples=least
        )

    def _scaled(self, rows: NDArray[Any]) -> NDArray[Any]:
        return (rows - self.data_min_) / self.data_range_


class AutoencoderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Autoencoder):
    """Turns rows of features into codes and back, like `sklearn.decomposition.PCA`.

    The features are scaled together, so that the training data's smallest is 0 and its
    largest 1, and training sees them in 256 steps between: exactly what pictures of 8 bits
    have. Columns on scales of their own are scaled before, by `StandardScaler`; `fit` warns of
    them. It fits into pipelines and grid searches.

    Args:
        n_components: Size of the code.
        hidden_dims: See `Experiment`, as for all that follow.
        activation: Activation of the hidden layers.
        shortcut: The linear path beside the stack.
        l1: Weight of the L1 penalty on the code.
        dropout: Dropout rate; `None` follows from the data, as of the following too.
        sigma: Noise added to the scaled input while training.
        mixup: Share of the rows that are mixed with another.
        epochs: Training epochs.
        batch_size: Rows per step, at most all rows.
        learning_rate: Peak of the schedule.
        random_state: Seed, a whole number.

    Attributes:
        model_: The trained `keras.Model`.
        data_min_: What is scaled to 0.
        data_range_: The difference to what is scaled to 1.
        history_: The logs, a row per epoch.

    Example:

    >>> X = np.random.RandomState(0).rand(20, 4)
    >>> codes = AutoencoderTransformer(n_components=2, hidden_dims=(8,), epochs=1).fit_transform(X)
    >>> codes.shape
    (20, 2)
    """

    def __init__(
        self,
        n_components: int = Experiment.latent_dim,
        *,
        hidden_dims: tuple[int, ...] = Experiment.hidden_dims,
        activation: str = Experiment.activation,
        shortcut: str | None = Experiment.shortcut,
        l1: float = Experiment.l1,
        dropout: float | None = Experiment.dropout,
        sigma: float = Experiment.sigma,
        mixup: float | None = Experiment.mixup,
        epochs: int | None = Experiment.epochs,
        batch_size: int | None = Experiment.batch_size,
        learning_rate: float | None = Experiment.learning_rate,
        random_state: int | None = Experiment.seed,
    ) -> None:
        self.n_components = n_components
        self.hidden_dims = hidden_dims
        self.activation = activation
        self.shortcut = shortcut
        self.l1 = l1
        self.dropout = dropout
        self.sigma = sigma
        self.mixup = mixup
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> AutoencoderTransformer:
        """Trains the autoencoder.

        Args:
            X: Rows of features, `(rows, features)`.
            y: Not used.

        Returns:
            The estimator itself.

        Raises:
            InvalidSetting: If a setting is out of range.
            ValueError: If there are fewer than two rows, or they are not finite numbers.
        """
        self._trained(self._validated(X, reset=True))
        self._n_features_out = self.n_components
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Returns the codes of rows, `(rows, n_components)`, of the type of `X`."""
        check_is_fitted(self)
        rows = self._validated(X, reset=False)
        return outputs(encoder_of(self.model_), self._scaled(rows)[:, None]).astype(rows.dtype)

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Returns the rows that codes stand for, `(rows, features)`."""
        check_is_fitted(self)
        codes = np.asarray(X)
        if codes.ndim != 2 or codes.shape[1] != self._n_features_out:
            raise InvalidSetting(
                "X", f"an array of shape {codes.shape}", f"codes, (rows, {self._n_features_out})"
            )
        dtype = codes.dtype if codes.dtype.kind == "f" else np.dtype(np.float64)
        output = outputs(decoder_of(self.model_), codes.astype(np.float32))[:, 0].astype(dtype)
        return output * dtype.type(self.data_range_) + dtype.type(self.data_min_)

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Returns minus the mean squared error of the reconstructions, so that more is better.

        Args:
            X: Rows of features.
            y: Not used.
        """
        check_is_fitted(self)
        rows = self._validated(X, reset=False)
        return -float(np.mean(np.square(self.inverse_transform(self.transform(X)) - rows)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class AutoencoderOutlierDetector(OutlierMixin, _Autoencoder):
    """Finds rows that are unlike those that it was fitted on, like `sklearn.svm.OneClassSVM`.

    The features are scaled as by `AutoencoderTransformer`.

    Args:
        score_name: How odd a row is: `"reconstruction"`, `"sap"`, `"nap"`, `"knn"`, `"combined"` or
            `"local"`; see `anomaly.detector`.
        contamination: Share of the training rows that are outliers, above 0 and up to 0.5: so many
            are called so. `"auto"` holds a tenth of the rows out, and calls one in a hundred of
            such rows an outlier.
        n_components: Size of the code.
        hidden_dims: See `Experiment`, as for all that follow.
        activation: Activation of the hidden layers.
        shortcut: The linear path beside the stack.
        epochs: Training epochs; `None` follows from the data, as do the next two.
        batch_size: Rows per step, at most all rows.
        learning_rate: Peak of the schedule.
        random_state: Seed, a whole number.

    Attributes:
        model_: The trained `keras.Model`.
        detector_: Its `Detector`.
        offset_: What `score_samples` has at the threshold.
        data_min_: What is scaled to 0.
        data_range_: The difference to what is scaled to 1.
        history_: The logs, a row per epoch.

    Example:

    >>> X = np.random.RandomState(0).rand(40, 4)
    >>> found = AutoencoderOutlierDetector(n_components=2, hidden_dims=(8,), epochs=1).fit(X)
    >>> found.predict([[0.5, 0.5, 0.5, 0.5], [9.0, -9.0, 9.0, -9.0]]).tolist()
    [1, -1]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "score_name": [StrOptions(set(SCORES))],
    }

    def __init__(
        self,
        score_name: str = SCORES[0],
        *,
        contamination: float | str = "auto",
        n_components: int = Experiment.latent_dim,
        hidden_dims: tuple[int, ...] = Experiment.hidden_dims,
        activation: str = Experiment.activation,
        shortcut: str | None = Experiment.shortcut,
        epochs: int | None = Experiment.epochs,
        batch_size: int | None = Experiment.batch_size,
        learning_rate: float | None = Experiment.learning_rate,
        random_state: int | None = Experiment.seed,
    ) -> None:
        self.score_name = score_name
        self.contamination = contamination
        self.n_components = n_components
        self.hidden_dims = hidden_dims
        self.activation = activation
        self.shortcut = shortcut
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> AutoencoderOutlierDetector:
        """Trains the autoencoder and finds the threshold.

        Args:
            X: Rows of features, `(rows, features)`.
            y: Not used.

        Returns:
            The estimator itself.

        Raises:
            InvalidSetting: If a setting is out of range.
            ValueError: If there are fewer than two rows, or they are not finite numbers.
        """
        self._validate_params()
        rows = self._validated(X, reset=True)
        auto = self.contamination == "auto"
        run = self._trained(rows, validation_split=_HELD_OUT if auto else 0.0)
        data = ImageData.from_arrays(as_bytes(self._scaled(rows)[:, None]))
        self.detector_ = Detector.of(run.model, data, run.experiment.validation_split)
        if auto:
            if len(rows) * _HELD_OUT < _FEW:
                warnings.warn(
                    f"contamination='auto': {len(rows) * _HELD_OUT:.0f} held-out rows tell little "
                    "about one in a hundred; expected 40 rows or more, or contamination=0.1, say",
                    KerasAEWarning,
                    stacklevel=2,
                )
            self.offset_ = -self.detector_.threshold(self.score_name, FALSE_ALARMS)
        else:
            known = self._scores(rows)
            self.offset_ = float(np.percentile(known, 100 * float(self.contamination)))
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Returns minus the score of rows, `(rows,)`: the lower, the odder."""
        check_is_fitted(self)
        return self._scores(self._validated(X, reset=False))

    def _scores(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        scaled = np.clip(self._scaled(rows), -_FARTHEST, _FARTHEST)
        images = scaled[:, None].astype(np.float32)
        return -self.detector_.scores(self.model_, images)[self.score_name].astype(np.float64)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Returns `score_samples` less what it is at the threshold: below 0 are outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Returns 1 for inliers and -1 for outliers, `(rows,)`."""
        return np.where(self.decision_function(X) < 0, -1, 1)


def _warn_of_scales(rows: NDArray[Any], data_range: float) -> None:
    """Warns of columns that vary from row to row, but by next to nothing beside the others.

    Pixels at the borders of images vary in a few rows only.
    """
    narrow = rows[:, np.ptp(rows, axis=0) < data_range * _LEAST_RANGE]
    low, high = np.percentile(narrow, [25, 75], axis=0) if narrow.size else ((), ())
    if count := int(np.count_nonzero(np.greater(high, low))):
        warnings.warn(
            f"{count} of {rows.shape[1]} columns vary by less than a 64th of the range of all, and "
            "are hardly seen beside the others; put sklearn.preprocessing.StandardScaler() before",
            KerasAEWarning,
            stacklevel=3,
        )
