"""Tells from chemical measurements which cultivar a wine was made from, and how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satellite.plugin import InputRefused, plugin, report_progress, run

if TYPE_CHECKING:
    from wine_model import WineModel

BLOCK_ROWS = 50


def load_model() -> WineModel:
    """Load the model once, before the first job."""
    report_progress(0.1, "loading scikit-learn")
    # Imported here, so that progress is seen while scikit-learn loads.
    import wine_model  # noqa: PLC0415

    report_progress(0.4, "loading the model")
    return wine_model.load()


@plugin(setup=load_model)
def classify(request: dict[str, Any], model: WineModel) -> dict[str, Any]:
    """Classify one wine (`features`) or several (`rows`)."""
    samples = [request["features"]] if "features" in request else request["rows"]
    predictions = predict([as_row(sample, model) for sample in samples], model)
    told = predictions[0] if "features" in request else {"predictions": predictions}
    return {**told, "metadata": model.metadata}


def as_row(sample: dict[str, float] | list[float], model: WineModel) -> list[float]:
    """Return the measurements in the order of training."""
    if isinstance(sample, dict):
        return [float(sample[name]) for name in model.features]
    if len(sample) != len(model.features):
        raise InputRefused(f"a row needs {len(model.features)} numbers, got {len(sample)}")
    return [float(number) for number in sample]


def predict(rows: list[list[float]], model: WineModel) -> list[dict[str, Any]]:
    """Return class, confidence and probabilities of each row."""
    predictions = []
    for start in range(0, len(rows), BLOCK_ROWS):
        report_progress(0.5 + 0.5 * start / len(rows), f"classified {start} of {len(rows)} rows")
        for probabilities in model.classifier.predict_proba(rows[start : start + BLOCK_ROWS]):
            named = dict(zip(model.classes, (float(each) for each in probabilities), strict=True))
            best = max(named, key=lambda name: named[name])
            predictions.append({"class": best, "confidence": named[best], "probabilities": named})
    report_progress(1, f"classified {len(rows)} of {len(rows)} rows")
    return predictions


if __name__ == "__main__":
    run(classify)
