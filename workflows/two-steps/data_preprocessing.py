import pandas as pd

print("Data preprocessing started")
data = {"col1": [1, 2, 3], "col2": [4, 5, 6]}
df = pd.DataFrame(data)
print(f"Data shape: {df.shape}")
context["ti"].xcom_push(key="data_shape", value=df.shape)
print("Data preprocessing completed")
