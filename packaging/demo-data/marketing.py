#!/usr/bin/env python3
"""Make the invented part of the demo data: accounts, leads and events.

    packaging/demo-data/marketing.py assets/demo/data

Every run writes the same bytes. Nobody in it exists; all addresses are in domains reserved for examples.
"""

import datetime
import json
import random
import sys
from pathlib import Path

START = datetime.datetime(2026, 9, 1, 8, 0, tzinfo=datetime.timezone.utc)

ACCOUNTS = [
    ("Pier Nine Roasters", "team", "pier-nine.example.com"),
    ("Tidewater Cycles", "scale", "tidewater.example.com"),
    ("Lantern & Rope", "free", None),
    ("North Quay Bakery", "free", "north-quay.example.org"),
    ("Gullwing Optics", "scale", "gullwing.example.net"),
    ("Saltmarsh Textiles", "team", "saltmarsh.example.com"),
    ("Breakwater Legal", "team", None),
    ("Copper Buoy Studio", "free", "copper-buoy.example.net"),
]
FIRST = ["Ada", "Bram", "Cleo", "Dario", "Elin", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaia", "Luca", "Mira", "Noor",
         "Olaf", "Petra", "Quinn", "Rosa", "Sven", "Tove"]
LAST = ["Fisher", "Brandt", "Okafor", "Lindqvist", "Moreau", "Ferreira", "Novák", "Haddad", "Keller", "Sørensen", "Tanaka"]
TAGS = ["newsletter", "webinar", "trial", "partner", "harbour-fair"]


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def accounts():
    for name, plan, host in ACCOUNTS:
        row = {"name": name, "plan": plan}
        if host:
            row["website"] = f"https://{host}/"
        yield row


def leads(dice):
    for number in range(1, 61):
        first, last = FIRST[number % len(FIRST)], LAST[number % len(LAST)]
        plain = last.lower().replace("á", "a").replace("ø", "o")
        status = dice.choices(["new", "open", "won", "lost"], [20, 24, 9, 7])[0]
        created = START + datetime.timedelta(minutes=dice.randrange(60 * 24 * 55))
        row = {
            "email": f"{first.lower()}.{plain}{number}@example.{('com', 'org', 'net')[number % 3]}",
            "name": f"{first} {last}",
            "status": status,
            "score": dice.randrange(0, 101),
            "tags": sorted(dice.sample(TAGS, dice.randrange(0, 4))),
            "meta": {"source": dice.choice(["web", "fair", "referral", "import"]), "consent": dice.random() < 0.8},
            "created_at": stamp(created),
        }
        if dice.random() < 0.6:
            account = dice.randrange(1, len(ACCOUNTS) + 1)
            row["account_id"] = account
            row["company"] = ACCOUNTS[account - 1][0]
        if dice.random() < 0.4:
            row["phone"] = f"+494066969{number:03d}"
        if status in ("won", "lost"):
            row["closed_at"] = stamp(created + datetime.timedelta(hours=dice.randrange(30, 400)))
        yield row


def events(dice):
    moments = {}
    for number in range(150):
        lead = number + 1 if number < 60 else dice.randrange(1, 61)
        history = moments.setdefault(lead, [START + datetime.timedelta(days=56, hours=dice.randrange(24))])
        history.append(history[-1] + datetime.timedelta(minutes=dice.randrange(5, 3000)))
        kind = dice.choice(["visited", "opened", "clicked", "replied", "called", "met"])
        detail = {}
        if kind in ("visited", "clicked"):
            detail = {"page": dice.choice(["/prices", "/guide", "/fair", "/"])}
        elif kind == "called":
            detail = {"minutes": dice.randrange(1, 30)}
        yield {"lead_id": lead, "seq": len(history) - 1, "at": stamp(history[-1]), "kind": kind, "detail": detail}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: marketing.py assets/demo/data")
    folder = Path(sys.argv[1])
    tables = {
        "accounts": accounts(),
        "leads": leads(random.Random(1)),
        "events": events(random.Random(2)),
    }
    for name, rows in tables.items():
        text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        (folder / f"{name}.ndjson").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
