"""Learn many related tasks at once, the scikit-learn way."""

__version__ = "0.1.0"
