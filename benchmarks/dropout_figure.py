"""What gives the report's Dropout figure, 0.9259? Simple predictions under three scalings.

    python benchmarks/dropout_figure.py --data-dir DATA

Prints, for each way to scale MNIST's pixels, the mean squared error of predictions that need no
network, on the training and the test images. Expected: only the zero output in [-1, 1] lies
within 0.001 of 0.9259 (0.9254 on the training images, 0.9258 on the test images).
`docs/dropout-figure.md` discusses them. Takes five seconds.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from kerasae.data.datasets import load_dataset

# Factor and shift that make the usual inputs out of pixels in [0, 1].
SCALINGS = {
    "[0, 1]": (1.0, 0.0),
    "[-1, 1]": (2.0, -1.0),
    "standardized": (1 / 0.3081, -0.1307 / 0.3081),
}


def mse_of_simple_outputs(
    images: NDArray[np.uint8], mean_image: NDArray[np.float64], factor: float, shift: float
) -> dict[str, float]:
    """Returns the MSE of each simple output, in the scaled pixels' units.

    Args:
        images: Images, `uint8`, `(images, ...)`.
        mean_image: Mean training image in [0, 1].
        factor: What multiplies a pixel in [0, 1].
        shift: What is added after that.

    Returns:
        MSE by a description of the output.
    """
    target = factor * (images / 255) + shift
    mean = factor * mean_image + shift
    outputs = {
        "zeros": 0.0,
        "mean training image": mean,
        "mean training image through ReLU": np.maximum(mean, 0),
        "mean training image clipped to [0, 1]": np.clip(mean, 0, 1),
        "the image itself through ReLU": np.maximum(target, 0),
        "the image itself clipped to [0, 1]": np.clip(target, 0, 1),
    }
    errors = {name: float(np.square(target - out).mean()) for name, out in outputs.items()}
    # Half of the numbers become 0, the others double.
    errors["the image itself through Dropout(0.5)"] = float(np.square(target).mean())
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder of mnist.npz; default: Keras' cache")
    data = load_dataset("mnist", parser.parse_args().data_dir)
    mean_image = data.train.mean(0) / 255
    for scaling, numbers in SCALINGS.items():
        print(f"pixels {scaling}{'train':>40}{'test':>9}")
        train = mse_of_simple_outputs(data.train, mean_image, *numbers)
        test = mse_of_simple_outputs(data.test, mean_image, *numbers)
        for name, mse in train.items():
            mark = " *" if abs(mse - 0.9259) < 0.001 else ""
            print(f"  {name:<45}{mse:.4f}{test[name]:9.4f}{mark}")


if __name__ == "__main__":
    main()
