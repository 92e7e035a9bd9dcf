#!/usr/bin/env python3
"""Make assets/demo/data/movies.ndjson from data/movies.json of the npm package vega-datasets 3.2.1.

    npm pack vega-datasets@3.2.1 && tar -xzf vega-datasets-3.2.1.tgz package/data/movies.json
    packaging/demo-data/movies.py package/data/movies.json > assets/demo/data/movies.ndjson

Names become column names, dates ISO 8601, and absent values are left out. The values stay as published, the wrong
ones, too: nine titles are numbers and one is null, and the demo shows how the API reports them.
"""

import datetime
import json
import sys


def convert(record):
    row = {}
    for name, value in record.items():
        column = name.lower().replace(" ", "_")
        if column == "release_date" and value is not None:
            value = datetime.datetime.strptime(value, "%b %d %Y").date().isoformat()
        # A missing title is a mistake worth showing; other gaps are only gaps.
        if value is not None or column == "title":
            row[column] = value
    return row


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: movies.py package/data/movies.json > assets/demo/data/movies.ndjson")
    with open(sys.argv[1], encoding="utf-8") as source:
        records = json.load(source)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for record in records:
        print(json.dumps(convert(record), ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
