"""Infrastructure-as-config for generated video."""

__version__ = "0.1.0"
