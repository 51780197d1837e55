"""The estimator among scikit-learn's own."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from kerasae import AutoencoderOutlierDetector, AutoencoderTransformer
from kerasae.errors import InvalidSetting, KerasAEWarning
from kerasae.estimator import _warn_of_scales

FINDER = AutoencoderOutlierDetector(n_components=2, hidden_dims=(4,), epochs=1)
TINY = AutoencoderTransformer(2, hidden_dims=(4,), epochs=1)


# It skips a check, with a warning, where SciPy is not told to take other arrays, and fits so few
# rows that a threshold by those held out deserves ours.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:contamination='auto':kerasae.errors.KerasAEWarning")
@pytest.mark.full
@pytest.mark.parametrize("estimator", [TINY, FINDER], ids=lambda one: type(one).__name__)
def test_scikit_learn_accepts_it(estimator):
    check_estimator(estimator)


# Not by `knn`: codes of four numbers hold little of what is odd about noise.
@pytest.mark.parametrize(
    ("score", "least", "auroc"),
    [
        pytest.param("reconstruction", 0.8, 0.95, marks=pytest.mark.slow),
        pytest.param("sap", 0.8, 0.95, marks=pytest.mark.slow),
        ("nap", 0.8, 0.95),
    ],
)
def test_outliers_are_found(digits, score, least, auroc):
    rows = digits[:400]
    found = AutoencoderOutlierDetector(score, n_components=4, hidden_dims=(16,), epochs=9).fit(rows)
    random = np.random.RandomState(0).randint(0, 17, (50, 64))
    new = digits[400:600]
    assert (found.predict(random) == -1).mean() > least
    assert (found.predict(new) == 1).mean() > 0.8
    scores = found.score_samples(np.vstack([new, random]))
    assert roc_auc_score([1] * 200 + [0] * 50, scores) > auroc
    np.testing.assert_allclose(
        found.decision_function(new), scores[:200] - found.offset_, rtol=1e-3
    )


def test_a_detector_of_named_columns_takes_the_farthest_rows_and_tells_of_too_few(digits):
    pandas = pytest.importorskip("pandas")
    rows = pandas.DataFrame(digits[:200]).rename(columns=str)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = clone(FINDER).set_params(contamination=0.1).fit(rows)
        assert found.predict(rows * 1e300).tolist() == [-1] * 200
        clone(FINDER).fit(rows)
    with pytest.warns(KerasAEWarning, match="1 held-out rows tell little"):
        clone(FINDER).fit(digits[:12])


def test_so_many_rows_are_outliers_as_the_data_are_said_to_have(digits):
    rows = digits[:200]
    found = clone(FINDER).set_params(contamination=0.15)
    assert (found.fit_predict(rows) == -1).sum() == 30
    with pytest.raises(ValueError, match="contamination"):
        clone(FINDER).set_params(contamination=0.7).fit(rows)


@pytest.fixture(scope="module")
def digits():
    return load_digits().data


def test_on_digits_it_is_better_than_pca_of_its_size(digits):
    train, test = digits[:1500], digits[1500:]
    estimator = AutoencoderTransformer(6, epochs=30, batch_size=64).fit(train)
    pca = PCA(6).fit(train)
    error = np.mean(np.square(pca.inverse_transform(pca.transform(test)) - test))
    assert -estimator.score(test) < 0.9 * error
    codes = estimator.transform(test)
    assert codes.shape == (297, 6)
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.transform(test), codes)
    np.testing.assert_array_equal(estimator.transform(test[5:9]), codes[5:9])
    assert estimator.get_feature_names_out()[0] == "autoencodertransformer0"


def warn_of_scales(rows):
    """What `fit` does before it trains, as the years below show."""
    _warn_of_scales(rows, float(np.ptp(rows)) or 1.0)


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_columns_on_scales_of_their_own_are_warned_of(load):
    rows = load().data
    with pytest.warns(KerasAEWarning, match="StandardScaler"):
        warn_of_scales(rows)
    warn_of_scales(StandardScaler().fit_transform(rows))


def test_columns_of_pictures_are_not_warned_of(digits):
    # Warnings are errors here.
    columns = [digits, digits[:30], np.random.RandomState(0).rand(30, 5), np.ones((9, 3)) * 7]
    border = np.zeros((30, 6))
    border[:, 0] = np.arange(30) * 9
    border[::10, 1] = 1
    for rows in (*columns, border):
        warn_of_scales(rows)
    # A year and a temperature: what they differ by is beside what they vary by.
    years = np.stack([2000 + np.arange(30) / 10, np.arange(30) / 2], axis=1)
    with pytest.warns(KerasAEWarning, match="2 of 2 columns"):
        clone(TINY).fit(years)


@pytest.mark.full
def test_it_stands_in_pipelines_and_searches(digits):
    search = GridSearchCV(
        make_pipeline(MinMaxScaler(), clone(TINY)),
        {"autoencodertransformer__n_components": [1, 8]},
        cv=2,
    )
    search.fit(digits[:200])
    assert search.best_params_ == {"autoencodertransformer__n_components": 8}


@pytest.mark.full
def test_settings_may_be_numpys_numbers(digits):
    plain = AutoencoderTransformer(2, hidden_dims=(4,), epochs=1, batch_size=50, learning_rate=0.5)
    numpys = AutoencoderTransformer(
        np.arange(3)[2],
        hidden_dims=np.array([4]),
        epochs=np.int32(1),
        batch_size=np.int64(50),
        learning_rate=np.float32(0.5),
        random_state=np.int64(0),
    )
    codes = plain.fit_transform(digits[:200])
    np.testing.assert_array_equal(numpys.fit_transform(digits[:200]), codes)
    for components in (np.float64(2.0), np.bool_(True), 2.0):
        with pytest.raises(InvalidSetting, match="n_components"):
            AutoencoderTransformer(components).fit(digits)


def test_wrong_settings_and_codes_are_refused(digits):
    with pytest.raises(InvalidSetting, match="n_components: received 0; expected a whole number"):
        AutoencoderTransformer(0).fit(digits)
    with pytest.raises(InvalidSetting, match="random_state: received -1"):
        AutoencoderTransformer(2, random_state=-1).fit(digits)
    fitted = clone(TINY).fit(digits[:20])
    with pytest.raises(InvalidSetting, match="codes"):
        fitted.inverse_transform(np.zeros((3, 5)))


def test_rows_are_mixed_where_that_is_asked_for():
    X = np.random.RandomState(0).rand(40, 4)
    small = {"n_components": 2, "hidden_dims": (8,), "shortcut": "linear", "epochs": 2}
    codes = [
        AutoencoderTransformer(**small, dropout=0.0, mixup=share).fit_transform(X)
        for share in (None, 0.0, 1.0)
    ]
    # Beside a linear path that starts at random, the default is none.
    np.testing.assert_array_equal(codes[0], codes[1])
    assert not np.array_equal(codes[1], codes[2])
