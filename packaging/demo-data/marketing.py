#!/usr/bin/env python3
"""Make the invented part of the demo data: accounts, leads, events and documents.

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
DOCUMENTS = [
    ("Your first week with Harbour", "en", None, "Four short steps: bring your list, tag it, send one letter, read the replies."),
    ("How to write a subject line", "en", None, "Say what is inside. Six words are plenty, and the first two decide."),
    ("Die erste Woche mit Harbour", "de", None, "Vier kurze Schritte: Liste holen, ordnen, einen Brief senden, Antworten lesen."),
    ("The quiet season guide", "en", 12.50, "Winter is for lists: drop the dead addresses and thank the loyal ones."),
    ("Field notes from the harbour fair", "en", None, "Two hundred talks in two days, and the five questions that everyone asked."),
    ("Consent, plainly", "en", None, "Ask once, note when and where, and let people leave by a single click."),
    ("Le guide des premiers envois", "fr", 9.00, "Commencez petit : cinquante adresses, une seule question, un vrai nom en signature."),
    ("Prices for 2027", "en", None, "Free stays free. Team grows by two seats. Scale is billed by the month again."),
    ("A letter that got forty replies", "en", 4.00, "It was three sentences long and asked for advice, not for money."),
    ("When to call instead", "en", None, "After the second unopened letter, a voice does more than a third one."),
    ("Scoring leads by hand", "en", 7.25, "Three questions, ten minutes on a Friday, and a better Monday."),
    ("Goodbye letters", "en", None, "How to let a customer go so that they come back on their own."),
]


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


def documents(dice):
    for number, (title, language, price, body) in enumerate(DOCUMENTS):
        row = {"title": title, "body": body, "language": language}
        row["published_on"] = (START.date() + datetime.timedelta(days=7 * number)).isoformat()
        if price is not None:
            row["price"] = price
        row["embedding"] = [round(dice.uniform(-1, 1), 3) for _ in range(8)]
        yield row


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: marketing.py assets/demo/data")
    folder = Path(sys.argv[1])
    tables = {
        "accounts": accounts(),
        "leads": leads(random.Random(1)),
        "events": events(random.Random(2)),
        "documents": documents(random.Random(3)),
    }
    for name, rows in tables.items():
        text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        (folder / f"{name}.ndjson").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
