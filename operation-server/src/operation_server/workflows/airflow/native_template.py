"""Where the operators of every native export come from, in each version of Airflow."""

from __future__ import annotations

from typing import Final

IMPORTS: Final = '''"""A workflow of Satellite, for Airflow 2.11 and 3 with all that its snippets import."""

import inspect
import linecache
import sys
import types
from datetime import datetime, timedelta, timezone

try:
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG
    from airflow.operators.python import PythonOperator
'''

WAIT_IMPORTS: Final = """try:
    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
    from airflow.sdk import BaseOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator
    from airflow.triggers.temporal import TimeDeltaTrigger
"""
