from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ti = context["ti"]
best = max(ti.xcom_pull(task_ids="fit"), key=lambda one: one["accuracy"])
train = ti.xcom_pull(task_ids="split", key="train")
test = ti.xcom_pull(task_ids="split", key="test")
wine = load_wine()
model = make_pipeline(StandardScaler(), LogisticRegression(C=best["strength"], max_iter=1000))
model.fit(wine.data[train], wine.target[train])
accuracy = float(model.score(wine.data[test], wine.target[test]))
print(f"C = {best['strength']} is the best; {accuracy:.3f} on rows that it has not seen")

# One product and one sum do what the scaler and the regression do one after the other.
scaler, regression = model
weights = regression.coef_ / scaler.scale_
bias = regression.intercept_ - weights @ scaler.mean_
examples = wine.data[test][:3]
ti.xcom_push(key="accuracy", value=accuracy)
ti.xcom_push(key="model", value={"weights": weights.T.tolist(), "bias": bias.tolist()})
ti.xcom_push(
    key="golden",
    value=[
        {"input": {"data": [row.tolist()]}, "output": model.predict_proba([row]).tolist()} for row in examples
    ],
)
