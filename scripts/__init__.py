"""Commands that set up, check and start the platform."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
