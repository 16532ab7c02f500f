"""The model: which of three cultivars a wine was made from, told by thirteen chemical measurements."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sklearn
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL_FILE = Path(__file__).with_name("model.pickle")
HELD_OUT = 0.25


@dataclass(frozen=True)
class WineModel:
    """A trained classifier and what is known of it."""

    classifier: Any
    features: list[str]
    classes: list[str]
    metadata: dict[str, Any]


def train() -> WineModel:
    """Train on three quarters of the data set and measure on the rest."""
    wine = load_wine()
    train_rows, test_rows, train_classes, test_classes = train_test_split(
        wine.data, wine.target, test_size=HELD_OUT, random_state=0, stratify=wine.target
    )
    classifier = make_pipeline(StandardScaler(), LogisticRegression())
    classifier.fit(train_rows, train_classes)
    return WineModel(
        classifier=classifier,
        features=[name.replace("/", "_") for name in wine.feature_names],
        classes=[str(name) for name in wine.target_names],
        metadata={
            "model": "standard scaler and logistic regression",
            "dataset": "scikit-learn wine",
            "training_rows": len(train_rows),
            "held_out_rows": len(test_rows),
            "held_out_accuracy": round(float(classifier.score(test_rows, test_classes)), 4),
            "sklearn_version": sklearn.__version__,
        },
    )


def load() -> WineModel:
    """Return the model made when the image was built; without one (no image) train it now."""
    try:
        return pickle.loads(MODEL_FILE.read_bytes())  # noqa: S301 - our own file, in our own image.
    except FileNotFoundError:
        return train()
