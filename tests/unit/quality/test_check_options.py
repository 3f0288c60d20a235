import pytest

from seatrial.errors import InputError
from seatrial.quality import CheckOptions


def test_settings_replace_defaults():
    options = CheckOptions.parse(["dark_p99=0.2", "drift_min_n=5"])
    assert (options.dark_p99, options.drift_min_n, options.light_p05) == (0.2, 5, 0.95)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("dark=0.2", "expected name=value, name one of dark_p99, "),
        ("dark_p99", "expected name=value"),
        ("dark_p99=low", "threshold 'dark_p99': expected a number, got 'low'"),
        ("drift_min_n=1.5", "threshold 'drift_min_n': expected a number, got '1.5'"),
        ("dark_p99=nan", "threshold 'dark_p99': expected a number, got 'nan'"),
    ],
)
def test_a_setting_that_is_none_says_what_is_expected(setting, message):
    with pytest.raises(InputError, match=message):
        CheckOptions.parse([setting])
