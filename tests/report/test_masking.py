"""Secrets: what is given to a notebook, and is nobody's business, is in nothing that is kept."""

import json
from typing import Any

import pytest

from evkit.report.masking import MASK, Masks


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("limits", {"token": "SECRETEEE", "n": 3}, "SECRETEEE"),
        ("servers", [{"auth": {"apiKey": "SECRETEEE"}}], "SECRETEEE"),
        ("headers", {"x-api-key": "SECRETEEE"}, "SECRETEEE"),
        ("db_url", "postgres://ann:SECRETEEE@h/db", "SECRETEEE"),
        ("db_url", "postgres://ann:SEC@RETEEE@h/db", "SEC@RETEEE"),
        ("db_url", "https://h/x?user=ann&access_token=SECRETEEE&n=1", "SECRETEEE"),
        ("dsn", "host=h user=ann password='SECRET EEE' dbname=x", "SECRET EEE"),
        ("GITHUB_PAT", "SECRETEEE", "SECRETEEE"),
    ],
)
def test_a_secret_is_masked_wherever_it_stands_in_a_parameter(name: str, value: Any, secret: str) -> None:
    masks = Masks.of({name: value})
    assert masks.hidden == (name,)
    assert secret not in masks.text(f"using {value!r} and {json.dumps(value)} and {secret}")
    assert "h/" in masks.text(str(value)) or "h/" not in str(value)


def test_a_secret_is_masked_as_json_python_html_and_addresses_write_it() -> None:
    masks = Masks.of({"db_url": "postgres://ann:p%40ss%22w@h/db"})
    assert masks.text('p%40ss%22w p@ss"w p@ss\\"w p@ss&quot;w') == f"{MASK} {MASK} {MASK} {MASK}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("path", "a/b"),
        ("key_events", ["token"]),
        ("group_key", "company"),
        ("site", "https://h:8000/x@y"),
        ("steps", {"a": True}),
        ("api_key", None),
    ],
)
def test_what_is_no_secret_is_left_as_it_is(name: str, value: Any) -> None:
    assert Masks.of({name: value}).texts == ()


def test_a_short_secret_is_masked_where_it_is_given() -> None:
    cell = {
        "cell_type": "code",
        "metadata": {"tags": ["injected-parameters"]},
        "source": 'limits = {"pin_token": "123"}\nn = 123',
        "outputs": [],
    }
    notebook = {
        "cells": [cell],
        "metadata": {"papermill": {"parameters": {"limits": {"pin_token": "123"}, "n": 123}}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    made = Masks.of({"limits": {"pin_token": "123"}, "n": 123}).notebook(notebook)
    assert made["cells"][0]["source"] == f'limits = "{MASK}"\nn = 123'
    assert made["metadata"]["papermill"]["parameters"] == {"limits": MASK, "n": 123}


def test_a_secret_that_is_a_number_is_masked_with_its_parameter_so_that_the_notebook_stays_one() -> None:
    cell = {
        "cell_type": "code",
        "metadata": {"tags": ["injected-parameters"]},
        "source": 'limits = {"token": 12345678, "n": 3}',
        "outputs": [],
    }
    given = {"limits": {"token": 12345678, "n": 3}}
    notebook = {"cells": [cell], "metadata": {"papermill": {"parameters": given}}, "nbformat": 4, "nbformat_minor": 5}
    made = Masks.of(given).notebook(notebook)
    assert made["cells"][0]["source"] == f'limits = "{MASK}"'
    assert made["metadata"]["papermill"]["parameters"] == {"limits": MASK}
