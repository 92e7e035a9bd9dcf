"""What the OpenAPI document cannot tell of a request, for schemathesis.

A case that keeps the document's rules (a "positive" one) must be accepted. Some rules of this API relate two parts of a
request, or follow a grammar of their own: here a case is put right in those, and in nothing else. Cases that break the
document's rules stay as they are, apart from what would hide the breach.
"""

import math
import re
import uuid
import zlib

import schemathesis
from schemathesis.core.parameters import ParameterLocation

DOCUMENT = {}
FILTER = re.compile(r"^(not\.)?([a-z]+)(\([A-Za-z_0-9]+\))?\.(.*)$", re.DOTALL)
# Operators whose operand is any text where the column is text.
FREE = {"eq", "neq", "gt", "gte", "lt", "lte", "isdistinct"}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    DOCUMENT.update(raw_schema)


def resolved(value):
    while isinstance(value, dict) and "$ref" in value:
        target = DOCUMENT
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def parameters(case):
    """The operation's parameters by place and name."""
    item = DOCUMENT["paths"][case.operation.path]
    listed = item.get("parameters", []) + item[case.operation.method.lower()].get("parameters", [])
    listed = [resolved(parameter) for parameter in listed]
    return {(parameter["in"], parameter["name"]): parameter for parameter in listed}


def example(parameter):
    schema = resolved(parameter["schema"])
    return (schema.get("examples") or [parameter.get("example")])[0]


def pick(seed, choices):
    """One of the choices, always the same for one seed."""
    return choices[zlib.crc32(repr(seed).encode()) % len(choices)]


def operand(parameter):
    """A value of a filter's column: that of its example."""
    found = FILTER.match(example(parameter))
    if found[2] == "in":
        return found[4].strip("()").split(",")[0]
    return None if found[2] == "is" else found[4]


def filtered(parameter, text):
    """The filter with an operand that its column's type and its operator's grammar allow: a pattern cannot say either."""
    # A link between operations may have put a bare value there.
    found = FILTER.match(text) or FILTER.match(example(parameter))
    value = operand(parameter)
    negated, operator, modifier = found[1] or "", found[2], found[3] or ""
    if operator == "is":
        return f"{negated}is.{pick(text, ['null', 'not_null'])}"
    if operator.endswith("fts"):
        return f"{negated}{operator}{'(english)' if modifier else ''}.harbour"
    if operator in ("cs", "cd", "ov", "sl", "sr", "nxl", "nxr", "adj"):
        return f"{negated}{operator}.{{}}"
    if operator in ("match", "imatch") and value:
        # Not every text is a regular expression.
        value = re.sub(r"\W", ".", value)
    if value is None:
        # Arrays and the like have the empty one for an example.
        value = "{}"
    if operator == "in":
        return f'{negated}in.("{value}")'
    if modifier:
        return f'{negated}{operator}{modifier}.{{"{value}"}}'
    if operator in FREE and "like" in resolved(parameter["schema"])["pattern"]:
        value = found[4]
    return f"{negated}{operator}.{value}"


def columns(case):
    """The columns that a reply's rows have, where it is known."""
    read = DOCUMENT["paths"].get(case.operation.path.split("/{")[0], {}).get("get", {})
    schema = read.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    rows = resolved(schema).get("items", {})
    return list(resolved(rows.get("anyOf", [rows])[0]).get("properties", {}))


def positive(case):
    return case.meta is None or case.meta.generation.mode.is_positive


def filters_of(known):
    return [
        name
        for (place, name), parameter in known.items()
        if place == "query" and "pattern" in resolved(parameter["schema"]) and FILTER.match(str(example(parameter)))
    ]


def put_right_filters(query, known):
    for name in filters_of(known):
        if name in query:
            query[name] = filtered(known["query", name], str(query[name]))


def put_right_query(case, known):
    query = case.query
    filters = filters_of(known)
    put_right_filters(query, known)
    for name in ("or", "and"):
        # A grammar that nests is beyond a pattern.
        if name in query:
            query[name] = example(known["query", name])
    names = columns(case)
    if "select" in query:
        text = query["select"]
        some = ["*", ",".join(names), names[0], f"{names[-1]},again:{names[0]}"] if names else ["*"]
        query["select"] = pick(text, some)
    if names and "order" in query:
        text = query["order"]
        # Not every type has an order: those that do take `gt`.
        ordered = [name for name in names if "gt|" in resolved(known.get(("query", name), {}).get("schema", {})).get("pattern", "")]
        query["order"] = f"{pick(text, ordered)}{pick(text + 'way', ['', '.asc', '.desc', '.desc.nullslast'])}"
    # A cursor is sealed: only those that the service gave are accepted.
    query.pop("cursor", None)
    if "on_conflict" in query:
        query["on_conflict"] = pick(query["on_conflict"], resolved(known["query", "on_conflict"]["schema"])["examples"])
    for name in ("limit", "offset"):
        if name in query and str(query[name]).isdigit():
            query[name] = min(int(query[name]), 2**63 - 1)
    # A write to many rows needs a filter.
    many = case.operation.method.upper() in ("PATCH", "DELETE") and "{" not in case.operation.path
    if many and not any(name in query for name in [*filters, "or", "and"]):
        first = filters[0]
        query[first] = example(known["query", first])


def put_right_headers(case, known):
    headers = case.headers
    for (place, name), parameter in known.items():
        # The generator falls back on the empty text where it finds none for a pattern.
        pattern = resolved(parameter["schema"]).get("pattern")
        if place == "header" and name in headers and pattern and not re.search(pattern, str(headers[name])):
            headers[name] = example(parameter)
    bounds = re.match(r"^(items=)?([0-9]+)-([0-9]+)$", str(headers.get("Range", "")))
    if bounds:
        # The first row is not behind the last one, and both are numbers that a database can count to.
        low, high = sorted(min(int(bound), 10**15) for bound in bounds.group(2, 3))
        headers["Range"] = f"{bounds[1] or ''}{low}-{high}"
    elif re.match(r"^(items=)?[0-9]+-$", str(headers.get("Range", ""))):
        headers["Range"] = str(headers["Range"])[:20].rstrip("-") + "-"


def put_right_search(case):
    """What rows are to be near to: a vector, as keys are of rows that may be gone; `where` and `select` are grammars."""
    for name in ("like", "where", "select"):
        case.body.pop(name, None)
    item = DOCUMENT["paths"][case.operation.path]["post"]
    vector = resolved(item["requestBody"]["content"]["application/json"]["schema"])["properties"]["embedding"]
    case.body["embedding"] = [1] + [0] * (vector.get("minItems", 1) - 1)


def put_right_body(case):
    """One row of a body, or all of them."""
    if case.operation.path.endswith("/nearest"):
        return put_right_search(case)
    item = DOCUMENT["paths"][case.operation.path][case.operation.method.lower()]
    schema = resolved(item["requestBody"]["content"]["application/json"]["schema"])
    model = resolved(schema["oneOf"][0]) if "oneOf" in schema else schema
    rows = case.body if isinstance(case.body, list) else [case.body]
    # A SQL route may take any JSON.
    rows = [row for row in rows if isinstance(row, dict)]
    # Rules across fields are told in words alone; they cannot be broken without the fields that may be left out.
    ruled = set(re.findall(r"self\.(\w+)", model.get("description", ""))) - set(model.get("required", []))
    properties = model.get("properties", {})
    for row in rows:
        for name in ruled & set(row):
            if len(row) > 1:
                del row[name]
            else:
                # Whether it fits what is stored cannot be known: another field takes its place.
                others = (other for other in properties if other not in ruled and "examples" in resolved(properties[other]))
                other = next(others, None)
                if other:
                    del row[name]
                    row[other] = resolved(properties[other])["examples"][0]
        for name, value in row.items():
            # Decimal places: binary fractions have no multiples of 0.01.
            places = re.search(r"At most \d+ digits, (\d+) of them", properties.get(name, {}).get("description", ""))
            if places and isinstance(value, float):
                scale = 10 ** int(places[1])
                row[name] = math.trunc(value * scale) / scale
            # A 32-bit float tells less apart than a reader's numbers do: tiny ones are refused, not taken for 0.
            if isinstance(value, list):
                row[name] = [1 if isinstance(v, float) and 0 < abs(v) < 1e-30 else v for v in value]
            schema = properties.get(name, {})
            # A text is trimmed before it is measured.
            if isinstance(value, str) and "trimmed" in schema.get("description", ""):
                least = schema.get("minLength", 0)
                row[name] = value if len(value.strip()) >= least else "x" * least
            # A function may refuse a null that its argument's type allows.
            if value is None and "/rpc/" in case.operation.path and schema.get("examples"):
                row[name] = schema["examples"][0]
    put_right_key(case)


def put_right_key(case):
    """The key in the body of a PUT, where it has one, is that of the request."""
    if case.operation.method.upper() != "PUT":
        return
    for row in case.body if isinstance(case.body, list) else [case.body]:
        for name, value in (case.path_parameters or {}).items():
            if name in row:
                # A link between operations puts texts into addresses.
                number = isinstance(row[name], int) and isinstance(value, str) and re.match(r"^-?[0-9]+$", value)
                row[name] = int(value) if number else value
        for name, value in (case.query or {}).items():
            if name in row and str(value).startswith("eq."):
                del row[name]


def put_right_path(case):
    """JSON Schema takes 2.0 for an integer; a key in an address is written without a fraction."""
    for name, value in (case.path_parameters or {}).items():
        if isinstance(value, float) and value.is_integer():
            case.path_parameters[name] = int(value)


@schemathesis.hook
def before_add_examples(context, examples):
    for case in examples:
        put_right(case)


@schemathesis.hook
def map_case(context, case):
    put_right(case)
    return case


@schemathesis.hook
def before_call(context, case, kwargs):
    """Once more, as links between operations have put values into the case meanwhile."""
    put_right_path(case)
    if not positive(case) or case.operation.path not in DOCUMENT["paths"]:
        return
    if case.query:
        put_right_filters(case.query, parameters(case))
    if case.body and isinstance(case.body, (dict, list)):
        put_right_key(case)


def nested(value):
    return isinstance(value, list) and any(isinstance(item, list) for item in value)


def put_right_columns(case):
    """Which fields of a body are used: all of them, lest a field that breaks a rule be passed over."""
    if not case.query or "columns" not in case.query or not isinstance(case.body, (dict, list)):
        return
    rows = case.body if isinstance(case.body, list) else [case.body]
    names = {name: None for row in rows if isinstance(row, dict) for name in row}
    case.query["columns"] = ",".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names)
    if not names:
        del case.query["columns"]


def put_right(case):
    known = parameters(case) if case.operation.path in DOCUMENT["paths"] else {}
    headers = case.headers or {}
    put_right_path(case)
    if re.match(r"^[!-~]{1,255}$", str(headers.get("Idempotency-Key", ""))):
        # It names one write, and every case is another one.
        headers["Idempotency-Key"] = str(uuid.uuid4())
    put_right_columns(case)
    if not positive(case):
        # A range in a unit that is not ours is ignored, whatever it looks like (RFC 9110 §14.2).
        if "Range-Unit" in headers:
            headers["Range-Unit"] = "items"
        # Nor is one looked at where the query says which rows are wanted.
        if "Range" in headers and case.meta.is_negative_at(ParameterLocation.HEADER):
            for name in ("limit", "offset", "cursor"):
                case.query.pop(name, None)
        # Postgres's arrays may be nested as a grid, which the document leaves out: generated clients would carry it everywhere.
        for row in case.body if isinstance(case.body, list) else [case.body]:
            for name in [name for name, value in row.items() if nested(value)] if isinstance(row, dict) else []:
                row[name] = {"no": "array"}
        # A part of a search that is null is none.
        if case.operation.path.endswith("/nearest") and isinstance(case.body, dict):
            for name in [name for name, value in case.body.items() if value is None]:
                case.body[name] = {"no": "value"}
        return
    if case.query:
        put_right_query(case, known)
    elif case.operation.method.upper() in ("PATCH", "DELETE") and "{" not in case.operation.path:
        case.query = {}
        put_right_query(case, known)
    if headers:
        put_right_headers(case, known)
    if isinstance(case.body, (dict, list)) and case.body:
        put_right_body(case)
        put_right_columns(case)
