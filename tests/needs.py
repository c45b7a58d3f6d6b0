"""Programs that some tests need and a machine may lack: they skip and say so (CI has them all, and lets none skip)."""

import importlib.util
import shutil

import pytest

OPENSSH = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
CHROMIUM = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
KERNEL = pytest.mark.skipif(
    importlib.util.find_spec("scanner._kernel") is None, reason="the compiled kernel was not built: no C compiler"
)
