"""Addresses are shown without what opens doors."""

import pytest

from seatrial.secrets import holds_secret, without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://ann:s3cret@mlflow:5000/x", "http://***@mlflow:5000/x"),
        ("postgresql+psycopg://u:p%40w@db/mlflow: refused", "postgresql+psycopg://***@db/mlflow: refused"),
        ("images:s3://key:secret@bucket/val", "images:s3://***@bucket/val"),
        ("https://h/a.png?X-Amz-Signature=ab12&w=3", "https://h/a.png?X-Amz-Signature=***&w=3"),
        ("https://h/a.png?sv=1&sig=a%2Fb", "https://h/a.png?sv=1&sig=***"),
        ('{"uri": "https://h/a?access_token=abc"}', '{"uri": "https://h/a?access_token=***"}'),
    ],
)
def test_passwords_and_tokens_are_replaced(text, shown):
    assert without_secrets(text) == shown
    assert holds_secret(text)
    assert without_secrets(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "table:val.csv?image=path&label=y&group=scene",
        "models:/solar@champion",
        "https://host/images/a@2x.png",
        "runs:/0a1b/model",
        "sqlite:////data/mlflow.db",
    ],
)
def test_other_addresses_stay_as_they_are(text):
    assert without_secrets(text) == text
    assert not holds_secret(text)
