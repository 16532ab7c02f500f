import pandas as pd


def main(context):
    cleaned = context["ti"].xcom_pull(task_ids="clean")
    table = pd.concat(pd.DataFrame(each["rows"], columns=each["columns"]) for each in cleaned)
    table["city"] = table["city"].str.title()
    means = table.groupby("city")["celsius"].mean().round(2)
    print(means.to_string())
    context["ti"].xcom_push(
        key="dropped", value=sum(each["report"]["incomplete_dropped"] for each in cleaned)
    )
    return means.to_dict()
