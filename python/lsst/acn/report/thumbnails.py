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

"""Images as small PNG files, all of one patch on one scale."""

from __future__ import annotations

__all__ = (
    "AsinhScale",
    "average_blocks",
    "data_uri",
    "draw_image",
    "draw_scale",
    "encode_colors",
    "shrink_plot",
)

import base64
import dataclasses
import io
from functools import cache

import numpy as np

from ..exposures.robust import robust_sigma

COLOR_MAP = "inferno"
"""As in the plots; its lightness tells all, to the colour-blind too."""

N_COLORS = 255
"""Colours of the map; the one after them is for pixels without data."""

NO_DATA_COLOR = (128, 128, 128)

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

SMALLEST_NOISE = 1e-6
"""Noise, relative to the sky, below which differences are rounding."""


@dataclasses.dataclass(frozen=True)
class AsinhScale:
    """Brightness by the inverse hyperbolic sine of the pixel value.

    Linear within the noise, logarithmic far above it (Lupton et al. 2004).

    Parameters
    ----------
    low, high : `float`
        Pixel values that are shown as the darkest and the brightest colour.
    sky : `float`
        Pixel value around which the scale is linear.
    softening : `float`
        Distance from ``sky`` at which it turns from linear to logarithmic.
    """

    low: float
    high: float
    sky: float
    softening: float

    @classmethod
    def from_images(cls, *images: np.ndarray) -> AsinhScale:
        """Return one scale that suits several images.

        Parameters
        ----------
        *images : `numpy.ndarray`
            Images; sky and noise of the first one count.  Pixels that are not
            finite do not count.

        Returns
        -------
        scale : `AsinhScale`
            From two standard deviations below the sky to the brightness that
            one pixel in a thousand of any image exceeds.
        """
        finite = [image[np.isfinite(image)] for image in images]
        finite = [values for values in finite if values.size] or [np.zeros(1)]
        sky = float(np.median(finite[0]))
        noise = robust_sigma(finite[0]) or float(np.std(finite[0]))
        noise = max(noise, SMALLEST_NOISE * abs(sky)) or 1.0
        brightest = max(float(np.quantile(values, 0.999)) for values in finite)
        return cls(sky - 2 * noise, max(brightest, sky + 10 * noise), sky, 2 * noise)

    def fraction(self, values: np.ndarray) -> np.ndarray:
        """Return where pixel values lie on the scale.

        Parameters
        ----------
        values : `numpy.ndarray`
            Pixel values.

        Returns
        -------
        fraction : `numpy.ndarray`
            0 at the dark end, 1 at the bright end, beyond them as well.
        """
        low, high = self._ends()
        return (np.arcsinh((np.asarray(values, np.float64) - self.sky) / self.softening) - low) / (high - low)

    def value(self, fraction: float) -> float:
        """Return the pixel value at some place of the scale.

        Parameters
        ----------
        fraction : `float`
            0 at the dark end, 1 at the bright end.

        Returns
        -------
        value : `float`
            Pixel value.
        """
        low, high = self._ends()
        return float(self.sky + self.softening * np.sinh(low + fraction * (high - low)))

    def _ends(self) -> tuple[float, float]:
        low, high = (float(np.arcsinh((end - self.sky) / self.softening)) for end in (self.low, self.high))
        return low, high


def average_blocks(image: np.ndarray, factor: int) -> np.ndarray:
    """Return an image with fewer pixels.

    Parameters
    ----------
    image : `numpy.ndarray`
        Image, shape ``(height, width)``.
    factor : `int`
        Side of the blocks whose means the new pixels are.

    Returns
    -------
    means : `numpy.ndarray`
        Smaller image; the last row and column are means of what is left.
        NaN counts as missing, and stands where a block has nothing else.
    """
    if factor == 1:
        return image
    edges = [(0, -side % factor) for side in image.shape]
    padded = np.pad(np.asarray(image, np.float32), edges, constant_values=np.nan)
    height, width = (side // factor for side in padded.shape)
    blocks = padded.reshape(height, factor, width, factor)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def draw_image(image: np.ndarray, scale: AsinhScale) -> bytes:
    """Return an image as a PNG file, its first row at the bottom.

    Parameters
    ----------
    image : `numpy.ndarray`
        Image, shape ``(height, width)``; grey where not finite.
    scale : `AsinhScale`
        Scale of the colours.

    Returns
    -------
    png : `bytes`
        Content of the file; one pixel of it is one pixel of the image.
    """
    known = np.isfinite(image)
    level = np.clip(scale.fraction(np.where(known, image, 0.0)), 0, 1) * (N_COLORS - 1)
    return _encode(np.where(known, np.rint(level), N_COLORS).astype(np.uint8)[::-1])


def draw_scale() -> bytes:
    """Return the colours from dark to bright as a PNG file of one row.

    Returns
    -------
    png : `bytes`
        Content of the file.
    """
    return _encode(np.arange(N_COLORS, dtype=np.uint8)[None])


@cache
def _palette() -> bytes:
    import matplotlib

    colors = matplotlib.colormaps[COLOR_MAP](np.linspace(0, 1, N_COLORS), bytes=True)[:, :3]
    return bytes(colors.tobytes()) + bytes(NO_DATA_COLOR)


def _encode(indices: np.ndarray) -> bytes:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(indices))
    picture.putpalette(_palette())
    return _save(picture)


def encode_colors(colors: np.ndarray) -> bytes:
    """Return a picture in colours as a PNG file.

    Parameters
    ----------
    colors : `numpy.ndarray`
        Red, green and blue, uint8, shape ``(height, width, 3)``.

    Returns
    -------
    png : `bytes`
        Content of the file.
    """
    from PIL import Image

    return _save(Image.fromarray(np.ascontiguousarray(colors)))


def _save(picture: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format="png", optimize=True)  # type: ignore[attr-defined]
    return stream.getvalue()


def shrink_plot(png: bytes, max_width: int) -> bytes:
    """Return a picture no wider than allowed.

    Parameters
    ----------
    png : `bytes`
        Content of a PNG file.
    max_width : `int`
        Largest width in pixels.

    Returns
    -------
    png : `bytes`
        The same content if it is narrow enough, else that of a smaller
        picture.

    Raises
    ------
    ValueError
        Raised if ``png`` is not a PNG file.
    """
    from PIL import Image

    if not png.startswith(PNG_SIGNATURE):
        raise ValueError("it is not a PNG file.")
    try:
        with Image.open(io.BytesIO(png)) as picture:
            picture.load()
            if picture.width <= max_width:
                return png
            height = max(round(picture.height * max_width / picture.width), 1)
            smaller = picture.convert("RGB").resize((max_width, height), Image.Resampling.LANCZOS)
            # Interpolated colours are too many to be packed well.
            return _save(smaller.quantize(256, dither=Image.Dither.NONE))
    except OSError as error:
        raise ValueError("it is a damaged PNG file.") from error


def data_uri(png: bytes) -> str:
    """Return a PNG file as an address that holds all of it.

    Parameters
    ----------
    png : `bytes`
        Content of the file.

    Returns
    -------
    uri : `str`
        The address.
    """
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
