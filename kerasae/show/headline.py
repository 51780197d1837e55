"""How a run compares with PCA, in words, and what to try where it is no better."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from kerasae.evaluation import Evaluation, PartScores
from kerasae.runs.choice import choice_score
from kerasae.runs.run import Run
from kerasae.show.beside_pca import is_level
from kerasae.show.counts import counted, duration

_FEW_IMAGES = 1_000
_BRIEF = 10  # seconds, of fewer of which tenths are told
_OVERFITS = 0.8  # training error, as a share of the validation error


@dataclasses.dataclass(frozen=True)
class KeyFigure:
    """A number that the page begins with.

    Args:
        name: What it is.
        value: The number.
        beside: What stands beside it, such as PCA's.
    """

    name: str
    value: str
    beside: str


@dataclasses.dataclass(frozen=True)
class Headline:
    """What the page begins with.

    Args:
        verdict: `better`, `level` or `worse`, than PCA.
        words: The same in a few words.
        detail: The numbers behind it.
        advice: What to try.
        figures: More numbers.
    """

    verdict: str
    words: str
    detail: str
    advice: Sequence[str]
    figures: Sequence[KeyFigure]


def verdict_words(mse: float, pca_mse: float, level: bool, dim: int) -> tuple[str, str]:
    """Returns how an error compares with PCA's: the verdict and a sentence.

    Args:
        mse: The model's.
        pca_mse: PCA's.
        level: Whether the difference is within its noise.
        dim: Number of PCA's components.

    Example:

    >>> verdict_words(0.0062, 0.01, False, 30)
    ('better', '38 % lower error than PCA with 30 dimensions')
    >>> verdict_words(0.0101, 0.01, True, 30)
    ('level', 'Level with PCA, 30 dimensions')
    """
    pca = f"PCA with {counted(dim, 'dimension')}"
    if level or mse == pca_mse:
        return "level", f"Level with PCA, {counted(dim, 'dimension')}"
    if mse < pca_mse:
        return "better", f"{_percent(1 - mse / pca_mse)} lower error than {pca}"
    if mse > 2 * pca_mse:
        times = f"{mse / pca_mse:.3g} times the" if pca_mse else "An"
        return (
            "worse",
            f"{times} error of {pca}" if pca_mse else f"{times} error where {pca} has none",
        )
    return "worse", f"{_percent(mse / pca_mse - 1)} higher error than {pca}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.2g} %"


def headline(
    run: Run, scores: Evaluation, part: str, difference: tuple[float, float], best_epoch: int | None
) -> Headline:
    """Says how a run compares with PCA.

    Args:
        run: The run.
        scores: Its scores, and PCA's.
        part: The part that it is compared on.
        difference: The mean of its errors minus PCA's, and its standard error.
        best_epoch: The epoch that was kept, if it is known.
    """
    ours, pca = scores.model[part], scores.pca[part]
    level = is_level(*difference, ours.mse / pca.mse if pca.mse else 1.0)
    verdict, words = verdict_words(ours.mse, pca.mse, level, run.experiment.latent_dim)
    # Without a sign of minus before nothing.
    apart = f"{round(ours.psnr - pca.psnr, 1) + 0.0:+.1f}".replace("-", "−")
    detail = (
        f"{apart} dB on "
        f"{counted(ours.images, f'{part} image')}: MSE {ours.mse:#.3g} against {pca.mse:#.3g}"
    )
    if best_epoch == 0:
        detail += "; the start was kept, for no epoch was clearly better"
    advice = [] if verdict == "better" else _advice(run, scores, best_epoch)
    return Headline(verdict, words, detail, advice, _figures(run, ours, pca, part, best_epoch))


def _figures(
    run: Run, ours: PartScores, pca: PartScores, part: str, best_epoch: int | None
) -> list[KeyFigure]:
    figures = [
        KeyFigure(f"{part} MSE", f"{ours.mse:#.3g}", f"PCA {pca.mse:#.3g}"),
        KeyFigure("PSNR", f"{ours.psnr:.1f} dB", f"PCA {pca.psnr:.1f} dB"),
    ]
    if ours.ssim is not None and pca.ssim is not None:
        figures.append(KeyFigure("SSIM", f"{ours.ssim:.3f}", f"PCA {pca.ssim:.3f}"))
    epochs = len(run.history)
    if best_epoch is not None:
        figures.append(KeyFigure("epoch kept", f"{best_epoch}", f"of {epochs}"))
    # Beside the epochs, as the command prints it; runs of early versions know only the whole.
    seconds = run.metrics.get("train_seconds", run.metrics.get("seconds"))
    if isinstance(seconds, int | float):
        took = duration(seconds) if seconds >= _BRIEF else f"{seconds:.1f} s"
        figures.append(KeyFigure("training", took, counted(epochs, "epoch")))
    return figures


def _advice(run: Run, scores: Evaluation, best_epoch: int | None) -> list[str]:
    """Says what to try, what fits the run first."""
    experiment, train = run.experiment, scores.model["train"]
    # What was kept may be the start; the end tells how training went.
    overfitted = _overfits(run.history[-1], scores.pca["train"].mse)
    last_is_best = _last_is_best(run.history)
    advice = []
    if experiment.shortcut is None:
        advice.append("--shortcut pca, which starts at PCA")
    if last_is_best and not overfitted:
        advice.append(
            f"more epochs, such as --epochs {4 * len(run.history)}: the last was the best"
        )
    pca = scores.pca.get("validation", scores.pca["train"]).mse
    if best_epoch == 0 and not overfitted and choice_score(run.history[-1]) > pca:
        advice.append("a lower --learning-rate")
    if overfitted:
        rate, decay = 0.4 if experiment.dropout else 0.2, 0.3 if experiment.weight_decay else 0.1
        mixup = "" if experiment.mixup else ", --mixup 0.75"
        advice.append(
            f"--dropout {rate}{mixup} or --weight-decay {decay}: at the end the training error was "
            f"far below the validation error"
        )
    if train.images < _FEW_IMAGES:
        advice.append(f"more images: {train.images:,} say little that PCA does not know")
    if not overfitted:
        advice.append("a wider or deeper network, such as --hidden-dims 1024,512")
    return advice


def _overfits(logs: Mapping[str, float], pca_train: float) -> bool:
    """Tells whether an epoch's training error is far below that of images held out.

    Where it is above PCA's there is more to learn, however far PCA itself is from those images.
    """
    train, held_out = logs.get("train_mse"), logs.get("val_mse")
    if train is None or held_out is None:
        return False
    return train < min(_OVERFITS * held_out, pca_train)


def _last_is_best(history: Sequence[Mapping[str, float]]) -> bool:
    """Tells whether no epoch before the last was as good."""
    errors = [choice_score(logs) for logs in history]
    return errors[-1] < min(errors[:-1], default=math.inf)
