import random

CITIES = ["Seoul", " Busan ", "Jeju", "seoul"]


def row(number):
    draw = random.Random(number)
    measured = "n/a" if number % 10 == 0 else f"{draw.gauss(12, 8):.1f}"
    return f"{number},{draw.choice(CITIES)},{measured}"


def main(context):
    rows = [row(number) for number in range(context["params"]["rows"])]
    size = context["params"]["rows_of_chunk"]
    chunks = [
        "\n".join(["id,city,celsius", *rows[start : start + size]]) for start in range(0, len(rows), size)
    ]
    print(f"{len(rows)} rows in {len(chunks)} chunks")
    context["ti"].xcom_push(key="chunks", value=chunks)
