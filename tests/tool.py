"""A script of tools/ as a module: ``from tool import load_tool``."""

import importlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tools"))


def load_tool(name):
    return importlib.import_module(name)
