"""The thresholds of the data checks, by name, in one place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from seatrial.errors import InputError

__all__ = ["CheckOptions"]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """When a check speaks.

    Attributes:
        dark_p99: ``dark`` when 99 % of the pixels are darker than this brightness, in [0, 1].
        light_p05: ``light`` when 95 % of the pixels are brighter than this brightness, in [0, 1].
        odd_aspect: ``odd_aspect`` when min(w/h, h/w) is below this, in (0, 1].
        low_information: ``low_information`` when a tenth of the grey histogram's entropy (bits) is below
            this, in [0, 0.8].
        blurred_ratio: ``blurred`` when sharpness, divided by the image's own variance of brightness (both
            in squared grey levels), is below this.
        blurred_outlier_ratio: ``blurred`` also when that ratio is below this …
        blurred_iqr: … and its logarithm lies this many interquartile ranges below the data set's first
            quartile …
        blurred_factor: … and it is this many times below the data set's median.
        noisy: ``noisy`` when noise, in grey levels, is this strong …
        noisy_outlier: … or this strong, with its logarithm beyond Tukey's fence …
        noisy_factor: … and this many times the data set's median.
        uniform: ``uniform`` when this share of the pixels is of one grey (five neighbouring levels), in
            (0, 1].
        grey_share: An image is grey when this share of its pixels is, in (0, 1].
        odd_colour_share: ``odd_colour`` when at most this share of the images is grey (or has colour), in
            [0, 0.5].
        odd_size_iqr: ``odd_size`` when the logarithm of √area lies this many interquartile ranges
            outside the data set's quartiles …
        odd_size_factor: … and √area is this many times above or below the median.
        outlier_iqr: ``outliers`` when a property lies this many interquartile ranges outside the data set's
            quartiles.
        outlier_min_n: Images that a data set needs before quartiles mean anything.
        near_duplicate_correlation: ``near_duplicates`` and ``near_leakage`` when the looks of two images,
            aligned, correlate this much, in (0, 1].
        embedding_expected: ``embedding_duplicates`` and ``embedding_leakage`` when two images are so close to
            each other that of the whole data set this many are expected to be by chance.
        imbalance_ratio: ``class_balance`` when the largest class has this many times the samples of the
            smallest.
        class_share_shift: ``class_balance`` when a class's share differs from the reference by this
            much, in [0, 1] …
        class_share_alpha: … and a χ² test of all shares is significant at this level.
        duplicate_box_iou: ``object_boxes`` when two boxes of a class overlap this much (intersection over
            union), in (0, 1].
        odd_object_z: ``odd_objects`` when an object is this many robust standard deviations from its class.
        mask_speck: ``mask_shapes`` when a segment is smaller than the square of this share of the image's
            diagonal.
        label_errors_listed: ``label_errors`` lists at least this many doubted labels of a classification,
            where there are as many; those beyond what confident learning estimates are notes.
        label_errors_box: ``label_errors`` when a box is doubted this much, in (0, 1].
        expectations_mostly: Share of values that must lie in the reference's range or vocabulary.
        expectations_count_factor: In a suite that is proposed to be kept, how many times more or fewer
            samples, and samples or objects of a class, there may be.
        drift_min_n: Values that a column needs in each data set before drift is tested.
        drift_alpha: Significance of drift over all columns together.
        drift_distance: Distance from which on a column has drifted (Wasserstein in standard deviations,
            Jensen–Shannon in [0, 0.83]).
        drift_auroc: AUROC of telling two data sets apart by their embeddings from which on they have drifted,
            where it is significant at ``drift_alpha``.
        drift_test_max_n: Values up to which numbers are tested rather than their distance measured.
        drift_max_rows: Rows of each data set that Evidently looks at; evenly spaced where there are more.
        drift_max_values: Distinct texts above which a column is an identifier, not a category.
    """

    dark_p99: float = 0.32
    light_p05: float = 0.95
    odd_aspect: float = 0.35
    low_information: float = 0.3
    blurred_ratio: float = 0.015
    blurred_outlier_ratio: float = 0.06
    blurred_iqr: float = 2.5
    blurred_factor: float = 4.0
    noisy: float = 25.0
    noisy_outlier: float = 8.0
    noisy_factor: float = 3.0
    uniform: float = 0.95
    grey_share: float = 0.99
    odd_colour_share: float = 0.2
    odd_size_iqr: float = 2.5
    odd_size_factor: float = 2.0
    outlier_iqr: float = 3.0
    outlier_min_n: int = 20
    near_duplicate_correlation: float = 0.988
    embedding_expected: float = 1.0
    imbalance_ratio: float = 10.0
    class_share_shift: float = 0.1
    class_share_alpha: float = 0.01
    duplicate_box_iou: float = 0.95
    odd_object_z: float = 6.0
    mask_speck: float = 0.005
    label_errors_listed: int = 100
    label_errors_box: float = 0.5
    expectations_mostly: float = 0.99
    expectations_count_factor: float = 10.0
    drift_min_n: int = 20
    drift_alpha: float = 0.05
    drift_distance: float = 0.1
    drift_auroc: float = 0.6
    drift_test_max_n: int = 1000
    drift_max_rows: int = 50_000
    drift_max_values: int = 50

    @classmethod
    def parse(cls, settings: Sequence[str]) -> "CheckOptions":
        """Take ``name=value`` settings over the defaults.

        Raises:
            InputError: A setting has no such form, name or number.
        """
        known = {one.name: float if one.type is float else int for one in fields(cls)}
        values: dict[str, float] = {}
        for setting in settings:
            name, equals, text = setting.partition("=")
            if not equals or name not in known:
                raise InputError(
                    f"threshold {setting!r}: expected name=value, name one of {', '.join(known)}"
                )
            try:
                values[name] = known[name](text)
            except ValueError as error:
                raise InputError(f"threshold {name!r}: expected a number, got {text!r}") from error
            if not math.isfinite(values[name]):
                raise InputError(f"threshold {name!r}: expected a number, got {text!r}")
        return replace(cls(), **values)  # type: ignore[arg-type]  # ints and floats as the fields say
