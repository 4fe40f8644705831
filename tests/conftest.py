"""What holds for all tests of the guide server's environment."""

import os

import pytest

from shopguide.settings import Settings


@pytest.fixture(autouse=True, scope="session")
def settings_of_nobody() -> None:
    """Keep the settings of whoever runs the tests out of them: no `.env`, no variable of a setting."""
    Settings.model_config["env_file"] = None
    for name in Settings.model_fields:
        os.environ.pop(f"SHOPGUIDE_{name.upper()}", None)
