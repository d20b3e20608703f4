"""一个月的学时，存成表格：python month_hours.py https://课堂的地址 2026 11 > 学时.csv

密钥放在环境变量 FINGERTIP_KEY 里，要能读“学时”。只用 Python 自带的库。
"""

import csv
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

TOO_MANY = 429


def page(site: str, key: str, **asked: object) -> dict[str, Any]:
    url = f"{site}/api/v1/hours/month?{urllib.parse.urlencode(asked)}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - 您自己写的地址
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code != TOO_MANY:
                raise SystemExit(json.load(error)["message"]) from error
            time.sleep(int(error.headers["Retry-After"]))


def people(site: str, key: str, year: int, month: int) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        found = page(site, key, year=year, month=month, limit=500, cursor=cursor)
        yield from found["items"]
        cursor = found["next"]


if __name__ == "__main__":
    site, year, month = sys.argv[1].rstrip("/"), int(sys.argv[2]), int(sys.argv[3])
    table = csv.writer(sys.stdout)
    table.writerow(["编号", "姓名", "学时", "场数"])
    for one in people(site, os.environ["FINGERTIP_KEY"], year, month):
        table.writerow([one["person"]["number"], one["person"]["name"], one["hours"], one["occasions"]])
