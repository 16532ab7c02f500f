from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main(context):
    strength = context["item"]
    rows = context["ti"].xcom_pull(task_ids="split", key="train")
    wine = load_wine()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    accuracy = float(cross_val_score(model, wine.data[rows], wine.target[rows], cv=5).mean())
    print(f"C = {strength}: {accuracy:.3f}")
    return {"strength": strength, "accuracy": accuracy}
