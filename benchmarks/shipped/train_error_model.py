# This file is part of acn.
#
# Developed for the LSST Data Management System.
# This product includes software developed by the LSST Project
# (https://www.lsst.org).
# See the COPYRIGHT file at the top-level directory of this distribution
# for details of code ownership.
#
# This program is free software: you can redistribute it and/or modify
# it under the terms of the GNU General Public License as published by
# the Free Software Foundation, either version 3 of the License, or
# (at your option) any later version.
#
# This program is distributed in the hope that it will be useful,
# but WITHOUT ANY WARRANTY; without even the implied warranty of
# MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
# GNU General Public License for more details.
#
# You should have received a copy of the GNU General Public License
# along with this program.  If not, see <https://www.gnu.org/licenses/>.

"""Fit the error model that ships inside the package.

``python -m benchmarks.shipped.train_error_model`` simulates fields like those that the
shipped network was trained on, with other seeds, restores each of them from
all and from some of its exposures as `lsst.acn.restore` does, and fits the
expected error of a pixel to what the restored images get wrong.  It prints the
calibration on fields that the fit has not seen, fits again to all fields, and
writes ``python/lsst/acn/data/error_model.json``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from lsst.acn import Box, ExposureStack, RestorationConfig
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.exposures.psf_kernels import gaussian_kernel
from lsst.acn.forward.target_psf import convolve_to_target, kernel_profiles
from lsst.acn.methods.cross_exposure.error_features import FAINTEST, FEATURES, make_error_features
from lsst.acn.methods.cross_exposure.error_model import MANY_SIGMA, ErrorModel
from lsst.acn.methods.cross_exposure.family.first_model import first_model_and_points
from lsst.acn.methods.cross_exposure.family.point_light import told_coverage
from lsst.acn.methods.cross_exposure.family.restored_family import covering_stack
from lsst.acn.methods.cross_exposure.family.sampling import sampled_kernel_fwhm
from lsst.acn.methods.cross_exposure.family.statistics import typical_noise
from lsst.acn.methods.cross_exposure.family.tile_exposures import tile_exposures
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.cross_exposure.tile import mixed_family
from lsst.acn.simulation import simulate_field

from ..scoreboard.errors_of_pixels import robust_width
from .training_fields import corrected_stack, draw_field, shared_truth

OUTPUT = Path(__file__).parents[2] / "python" / "lsst" / "acn" / "data" / "error_model.json"
FIRST_FIELD_SEED = 200_000
"""Neither the benchmark's fields nor those of the shipped network are seen here."""

FIELD_SIZES = (128, 160, 192)
TARGET_FWHM = (2.0, 4.0)
HELD_OUT = 5
"""One field in so many is held out when the calibration is measured."""

PIXELS_OF_LEVEL = 700
"""Pixels of each sample, and of each level of its restored image, that are
fitted: stars have as much of a say as the sky."""

LEVELS = (0.0, 0.03, 0.1, 0.3, 1.0, 5.0, 30.0, np.inf)
"""Where the levels begin, in standard deviations of a point source."""

SHARE = 0.6827
"""Share of the errors that are to be no larger than predicted: one sigma."""

SHARE_WHERE_EMPTY = 0.5
"""The same where the restored image is empty.  Some sources are too faint to be
seen there; of the pixels without any light, about two thirds are then within one sigma."""

SHARE_WITHIN, SHARE_WITHIN_WHERE_EMPTY = 0.99, 0.7
"""Share of the errors that are to be no larger than `MANY_SIGMA`, and the same
where the restored image is empty.  Two pixels in a hundred hide a source there
that is a hundred times as large as the errors of all others: a variance that
covers them is no variance of the sky.  For those who look for sources there is
the variance of detection, which is never below that of a point."""

EMPTY = 0.5
"""Restored flux, in standard deviations of a point source, that is half empty."""

SMALLEST_ERROR = 1e-4
HIDDEN = (24, 24)
BATCH_SIZE = 4096
LEARNING_RATE = 0.004
CLASSES = {
    "sky": (-np.inf, 0.05),
    "faint": (0.1, 2.0),
    "middle": (2.0, 20.0),
    "bright": (20.0, np.inf),
}
"""Of the truth, in units of the field's noise, as on the scoreboard."""


@dataclasses.dataclass(frozen=True, eq=False)
class ErrorSample:
    """Features and errors of all pixels of a restored image.

    Parameters
    ----------
    features : `numpy.ndarray`
        Shape ``(height, width, n_features)``.
    error : `numpy.ndarray`
        Restored less true value in the unit of the error model, shape
        ``(height, width)``.
    truth : `numpy.ndarray`
        True value in units of the noise of the field, same shape.
    shown : `numpy.ndarray`
        Share of the exposures that show a pixel, same shape.
    """

    features: np.ndarray
    error: np.ndarray
    truth: np.ndarray
    shown: np.ndarray


def main() -> None:
    """Simulate, restore, fit, and write the model."""
    arguments = parse_arguments()
    start = time.monotonic()
    fields = gather_samples(arguments.fields, arguments.processes, arguments.cache)
    print(f"Restored {len(fields)} fields after {time.monotonic() - start:.0f} s.", flush=True)
    seed = RestorationConfig().seed
    seen = [sample for index, field in enumerate(fields) if index % HELD_OUT for sample in field]
    unseen = [sample for field in fields[::HELD_OUT] for sample in field]
    model = fit(seen, arguments.steps, seed)
    calibration = measure_calibration(model, unseen)
    print(format_calibration(calibration), flush=True)
    model = fit(seen + unseen, arguments.steps, seed)
    provenance = {
        "script": "benchmarks/shipped/train_error_model.py",
        "fields": len(fields),
        "steps": arguments.steps,
        "seed": seed,
        "calibration": calibration,
    }
    arguments.output.write_text(json.dumps(model.pack(provenance), indent=None) + "\n")
    print(f"Wrote {arguments.output} after {time.monotonic() - start:.0f} s.")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=80, help="Number of simulated fields.")
    parser.add_argument("--steps", type=int, default=6000, help="Steps of each fit.")
    parser.add_argument("--processes", type=int, default=2, help="Processes that simulate and restore.")
    parser.add_argument("--cache", type=Path, help="Folder where samples are kept for the next fit.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="Where to write the model.")
    return parser.parse_args()


def gather_samples(n_fields: int, n_processes: int, cache: Path | None) -> list[list[ErrorSample]]:
    """Return the samples of each field, in the order of their seeds."""
    fields, start = [], time.monotonic()
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        for field in pool.map(field_samples, range(n_fields), [cache] * n_fields):
            fields.append(field)
            if len(fields) % 10 == 0:
                print(
                    f"Field {len(fields)} of {n_fields} after {time.monotonic() - start:.0f} s.", flush=True
                )
    return fields


def field_samples(index: int, cache: Path | None = None) -> list[ErrorSample]:
    """Return the samples of one random field, restored or from the cache."""
    path = None if cache is None else cache / f"{index}.npz"
    if path is None or not path.exists():
        samples = restore_samples(FIRST_FIELD_SEED + index)
        if path is None:
            return samples
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {
            f"{name}_{number}": values
            for number, sample in enumerate(samples)
            for name, values in vars(sample).items()
        }
        np.savez(path, **arrays)
    with np.load(path, allow_pickle=False) as stored:
        names = [field.name for field in dataclasses.fields(ErrorSample)]
        return [
            ErrorSample(*(stored[f"{name}_{number}"] for name in names))
            for number in range(len(stored.files) // len(names))
        ]


def restore_samples(seed: int) -> list[ErrorSample]:
    """Return the samples of a field, from all and from some of its exposures."""
    rng = np.random.default_rng([seed, 3])
    size = int(rng.choice(FIELD_SIZES))
    field = simulate_field(dataclasses.replace(draw_field(seed), box=Box.from_shape((size, size))))
    n_visits = len(field.stack)
    some = np.sort(rng.permutation(n_visits)[: rng.integers(2, n_visits + 1)])
    samples = []
    lost = lose_pixels(field.stack.select(some), rng)
    for stack in (field.stack, lost):
        target = float(rng.uniform(*TARGET_FWHM))
        truth = shared_truth(field, stack.visits, target)
        samples.append(restore_sample(corrected_stack(stack), truth, target))
    return samples


def lose_pixels(stack: ExposureStack, rng: np.random.Generator) -> ExposureStack:
    """Return exposures that end within the field, and perhaps share a hole."""
    valid = stack.valid.copy()
    height, width = stack.shape
    share = rng.uniform(0.0, 0.7)
    for plane in valid:
        if rng.random() < share:
            edge = int(rng.integers(0.1 * height, 0.9 * height))
            lost = np.zeros(stack.shape, bool)
            lost[:edge] = True
            plane[np.rot90(lost, int(rng.integers(4)))] = False
    for _ in range(int(rng.integers(3))):
        (y, x), (dy, dx) = rng.integers(0, (height, width)), rng.integers(3, 40, 2)
        valid[:, y : y + dy, x : x + dx] = False
    kept = valid.any(axis=(1, 2))
    return ExposureStack.from_arrays(
        stack.image[kept],
        stack.variance[kept],
        stack.psf.select(np.flatnonzero(kept)),
        valid=valid[kept],
        box=stack.box,
    )


def restore_sample(stack: ExposureStack, truth: np.ndarray, target_fwhm: float) -> ErrorSample:
    """Return features and errors of what the shipped network makes of exposures."""
    config = RestorationConfig()
    method = CrossExposureMethod(stack, config)
    kernel = gaussian_kernel(sampled_kernel_fwhm(target_fwhm))
    latent_box = stack.box.grown_by(stack.psf.radius)
    xp, margin = numpy_arrays(), method.margin(stack, latent_box)
    box = latent_box.grown_by(margin)
    sums, start, points = first_model_and_points(xp, tile_exposures(covering_stack(stack, box)))
    latent, family = mixed_family(
        xp,
        sums,
        start,
        method.mixing_network.weights,
        dilations=method.mixing_network.dilations,
        updates=config.cross_exposure.refinement_updates,
    )
    family = family._replace(coverage=told_coverage(points, np.asarray(sums.coverage)))
    features = make_error_features(xp, latent, family, kernel_profiles(kernel)[1], margin)
    inside = latent[margin:-margin, margin:-margin] * np.float32(family.unit)
    image = convolve_to_target(inside, latent_box, kernel, stack.box)
    return ErrorSample(
        features=features[stack.box.slices_within(latent_box)],
        error=((image - truth) / (family.unit * kernel.max())).astype(np.float32),
        truth=(truth / typical_noise(stack)).astype(np.float32),
        shown=stack.valid.mean(axis=0).astype(np.float32),
    )


def choose_pixels(samples: list[ErrorSample], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return features and absolute errors of some pixels of all levels.

    The choice depends on features alone, so that it does not bend the errors
    to be expected from them.
    """
    features, errors = [], []
    for sample in samples:
        level = np.digitize(np.exp(sample.features[..., 0]) - FAINTEST, LEVELS)
        level[sample.shown < 0.5] = 0
        for value in range(len(LEVELS)):
            chosen = np.argwhere(level == value)
            chosen = chosen[rng.permutation(len(chosen))[:PIXELS_OF_LEVEL]]
            features.append(sample.features[chosen[:, 0], chosen[:, 1]])
            errors.append(np.abs(sample.error[chosen[:, 0], chosen[:, 1]]))
    return np.concatenate(features), np.concatenate(errors)


def fit(samples: list[ErrorSample], steps: int, seed: int) -> ErrorModel:
    r"""Return the model of the errors of some samples.

    The loss is that of the quantile regression of :math:`\log |e|`: so many
    errors as those of a Gaussian within one sigma are to be no larger than
    predicted, and hardly any larger than five times as much.  Unlike a
    likelihood it asks for no distribution, and a few huge errors do not spoil
    the first; unlike the first alone, it does not promise what one pixel in a
    hundred breaks.
    """
    import keras
    from keras import ops

    rng = np.random.default_rng([seed, 8])
    features, errors = choose_pixels(samples, rng)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    keras.utils.set_random_seed(seed % 2**32)
    layers = [keras.layers.Dense(width, activation="relu") for width in HIDDEN]
    network = keras.Sequential([keras.Input((len(FEATURES),)), *layers, keras.layers.Dense(2)])

    def loss(truth: object, predicted: object) -> object:
        excess, share = truth[:, :2] - predicted, truth[:, 2:]
        return ops.mean(ops.maximum(share * excess, (share - 1.0) * excess))

    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    network.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    emptiness = 1.0 / (1.0 + ((np.exp(features[:, 0]) - FAINTEST) / EMPTY) ** 2)
    shares = SHARE + (SHARE_WHERE_EMPTY - SHARE) * emptiness
    within = SHARE_WITHIN + (SHARE_WITHIN_WHERE_EMPTY - SHARE_WITHIN) * emptiness
    log_errors = np.log(errors + SMALLEST_ERROR)
    targets = np.stack([log_errors, log_errors - np.log(MANY_SIGMA), shares, within], axis=-1)
    targets = targets.astype(np.float32)
    standard = ((features - mean) / scale).astype(np.float32)
    for number in range(steps):
        batch = rng.integers(len(targets), size=BATCH_SIZE)
        value = network.train_on_batch(standard[batch], targets[batch])
        if (number + 1) % 500 == 0:
            print(f"Step {number + 1} of {steps}, loss {float(value):.4f}.", flush=True)
    weights = [np.asarray(weight, np.float64) for weight in network.get_weights()]
    # The standardisation becomes part of the first layer.
    weights[1] = weights[1] - (mean / scale) @ weights[0]
    weights[0] = weights[0] / scale[:, None]
    arrays = [weight.astype(np.float32) for weight in weights]
    return ErrorModel(tuple(arrays[0::2]), tuple(arrays[1::2]))


def measure_calibration(model: ErrorModel, samples: list[ErrorSample]) -> dict[str, dict[str, float]]:
    """Return widths of error over prediction, by class of pixels.

    Parameters
    ----------
    model : `ErrorModel`
        The model.
    samples : `list` [`ErrorSample`]
        Of fields that it was not fitted to.

    Returns
    -------
    calibration : `dict` [`str`, `dict` [`str`, `float`]]
        Robust width, share within one sigma and beyond five, root mean square,
        and median of the fields' robust widths, by class.
    """
    pulls = [sample.error / np.sqrt(model.variance(numpy_arrays(), sample.features)) for sample in samples]
    rows = {}
    names = [*CLASSES, "shown by fewer than half", "shown by none"]
    for name in names:
        chosen = [pull[_is_in_class(sample, name)] for pull, sample in zip(pulls, samples, strict=True)]
        pooled = np.concatenate(chosen)
        rows[name] = {
            "width": robust_width(pooled),
            "within": float((np.abs(pooled) < 1).mean()),
            "beyond": float((np.abs(pooled) > MANY_SIGMA).mean()),
            "rms": float(np.sqrt(np.mean(pooled.astype(np.float64) ** 2))),
            "fields": float(np.median([robust_width(pull) for pull in chosen if pull.size > 20])),
        }
    return {name: {key: round(value, 4) for key, value in row.items()} for name, row in rows.items()}


def _is_in_class(sample: ErrorSample, name: str) -> np.ndarray:
    if name == "shown by none":
        return sample.shown == 0
    if name == "shown by fewer than half":
        return (sample.shown < 0.5) & (sample.shown > 0)
    lowest, highest = CLASSES[name]
    return (sample.shown > 0.5) & (sample.truth >= lowest) & (sample.truth < highest)


def format_calibration(calibration: dict[str, dict[str, float]]) -> str:
    """Return the calibration as a table."""
    lines = [f"{'error / prediction':26s} width  within 1  beyond 5   rms  fields' width"]
    for name, row in calibration.items():
        lines.append(
            f"{name:26s} {row['width']:5.2f} {row['within']:8.3f} {row['beyond']:10.4f} {row['rms']:6.2f} "
            f"{row['fields']:8.2f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
