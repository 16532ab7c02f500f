from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

wine = load_wine()
train, test = train_test_split(range(len(wine.target)), test_size=0.3, random_state=7, stratify=wine.target)
print(f"{len(train)} rows to train with, {len(test)} to test with")
# Which rows is all that travels: every step has the data itself.
context["ti"].xcom_push(key="train", value=train)
context["ti"].xcom_push(key="test", value=test)
