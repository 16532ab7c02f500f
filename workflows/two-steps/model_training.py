import numpy as np
from sklearn.linear_model import LinearRegression

print("Model training started")
data_shape = context["ti"].xcom_pull(task_ids="data_preprocessing", key="data_shape")
print(f"Data shape from preprocessing: {data_shape}")
X = np.array([[1], [2], [3]])
y = np.array([2, 4, 6])
model = LinearRegression()
model.fit(X, y)
print(f"Model trained. Coefficient: {model.coef_[0]}")
context["ti"].xcom_push(key="model_coef", value=float(model.coef_[0]))
print("Model training completed")
