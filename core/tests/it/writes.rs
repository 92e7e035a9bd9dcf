//! Writes in all their forms: upserts, preferences, preconditions, idempotency keys. A table of requests and replies.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::app::Limits;

use crate::app::{Answer, App, Setup, with_app};

const SCHEMA: &str = r#"
create table things (
    id integer primary key,
    code text not null constraint things_code_key unique,
    name text not null default 'unnamed',
    price numeric(8, 2) check (price >= 0),
    low integer,
    high integer,
    note text,
    hidden text
);
create table pairs (a integer, b integer, label text, primary key (a, b));
create table logs (id bigint generated always as identity primary key, text text not null);
create table days (day date primary key, total integer not null) partition by range (day);
create table days_all partition of days default;
create table secrets (id integer primary key, word text);
create table additions (id integer primary key, word text);
create table loose (word text);
create table later (id integer primary key, word text unique deferrable initially deferred);
create view cheap as select id, code, name from things where price < 10;
"#;

const ALL: &str =
    "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n";

const RESOURCES: &[(&str, &str)] = &[
    (
        "things",
        r#"
hidden = ["hidden"]
[access]
read = ["public"]
create = ["public"]
update = ["public"]
delete = ["public"]
[[rules]]
expr = "!has(self.low) || !has(self.high) || self.low <= self.high"
loc = "high"
msg = "must not be below low"
"#,
    ),
    ("pairs", ALL),
    ("logs", ALL),
    ("days", ALL),
    ("later", ALL),
    (
        "secrets",
        "[access]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n",
    ),
    ("additions", "[access]\nread = [\"public\"]\ncreate = [\"public\"]\n"),
    ("loose", "[access]\nread = [\"public\"]\ncreate = [\"public\"]\n"),
];

fn setup() -> Setup<'static> {
    Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        limits: Limits {
            tx_rollback: true,
            ..Limits::default()
        },
        ..Setup::default()
    }
}

/// One request and what is expected of its reply: status, some headers (`!name`: absent), and the body.
struct Case {
    ask: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    shows: &'static [(&'static str, &'static str)],
    is: Body,
}

enum Body {
    Any,
    Empty,
    Json(&'static str),
    Code(&'static str),
}

use Body::{Any, Code, Empty, Json};

const fn case(
    ask: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    shows: &'static [(&'static str, &'static str)],
    is: Body,
) -> Case {
    Case {
        ask,
        headers,
        body,
        status,
        shows,
        is,
    }
}

async fn send(app: &App, ask: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let (method, path) = ask.split_once(' ').unwrap();
    let mut request = app.request(method.parse().unwrap(), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_empty() {
        request = request.header("content-type", "application/json").body(body.to_owned());
    }
    Answer::of(request).await
}

async fn run(app: &App, cases: &[Case]) {
    for case in cases {
        let answer = send(app, case.ask, case.headers, case.body).await;
        let what = format!("{} {:?} {}\n{:?}", case.ask, case.headers, case.body, answer);
        assert_eq!(answer.status, case.status, "{what}");
        for (name, value) in case.shows {
            match name.strip_prefix('!') {
                Some(name) => assert!(!answer.headers.contains_key(name), "{name}: {what}"),
                None => assert_eq!(answer.header(name), *value, "{name}: {what}"),
            }
        }
        match case.is {
            Any => {}
            Empty => assert_eq!(answer.text, "", "{what}"),
            Json(text) => assert_eq!(answer.json(), serde_json::from_str::<Value>(text).unwrap(), "{what}"),
            Code(code) => assert_eq!(answer.json()["code"], code, "{what}"),
        }
    }
}

const MERGE: (&str, &str) = ("prefer", "resolution=merge-duplicates");
const IGNORE: (&str, &str) = ("prefer", "resolution=ignore-duplicates");
const FULL: (&str, &str) = ("prefer", "return=representation");
const MINIMAL: (&str, &str) = ("prefer", "return=minimal");
const OBJECT: (&str, &str) = ("accept", "application/vnd.pgrst.object+json");

#[test]
fn upserts() {
    const CASES: &[Case] = &[
        case(
            "POST /api/things?select=id,name",
            &[MERGE],
            r#"{"id":1,"code":"a"}"#,
            201,
            &[
                ("location", "/api/things/1"),
                ("preference-applied", "resolution=merge-duplicates"),
            ],
            Json(r#"{"id":1,"name":"unnamed"}"#),
        ),
        case(
            "POST /api/things?select=id,name",
            &[MERGE],
            r#"{"id":1,"code":"a","name":"A"}"#,
            200,
            &[("location", "/api/things/1")],
            Json(r#"{"id":1,"name":"A"}"#),
        ),
        case(
            "POST /api/things?select=id,name",
            &[MERGE, FULL],
            r#"{"id":1,"code":"a"}"#,
            200,
            &[(
                "preference-applied",
                "resolution=merge-duplicates, return=representation",
            )],
            Json(r#"[{"id":1,"name":"A"}]"#),
        ),
        case(
            "POST /api/things",
            &[MERGE, MINIMAL],
            r#"{"id":1,"code":"a","note":"n"}"#,
            200,
            &[],
            Empty,
        ),
        case(
            "POST /api/things",
            &[MERGE, MINIMAL],
            r#"{"id":2,"code":"b"}"#,
            201,
            &[("location", "/api/things/2")],
            Empty,
        ),
        case(
            "POST /api/things",
            &[MERGE, ("prefer", "return=headers-only")],
            r#"{"id":2,"code":"b"}"#,
            200,
            &[
                ("location", "/api/things/2"),
                ("preference-applied", "resolution=merge-duplicates, return=headers-only"),
            ],
            Empty,
        ),
        case(
            "POST /api/things?select=id,code,note",
            &[MERGE],
            r#"[{"id":1,"code":"a"},{"id":3,"code":"c","note":"x"}]"#,
            201,
            &[("content-range", "*/2"), ("!location", "")],
            Json(r#"[{"id":1,"code":"a","note":"n"},{"id":3,"code":"c","note":"x"}]"#),
        ),
        case(
            "POST /api/things?select=id",
            &[MERGE],
            r#"[{"id":1,"code":"a"},{"id":3,"code":"c"}]"#,
            200,
            &[],
            Json(r#"[{"id":1},{"id":3}]"#),
        ),
        case(
            "POST /api/things?on_conflict=code&select=id,name",
            &[MERGE],
            r#"{"id":1,"code":"a","name":"by code"}"#,
            200,
            &[],
            Json(r#"{"id":1,"name":"by code"}"#),
        ),
        case(
            "POST /api/things?on_conflict=code&select=id,code",
            &[MERGE],
            r#"{"id":11,"code":"a"}"#,
            200,
            &[("location", "/api/things/11")],
            Json(r#"{"id":11,"code":"a"}"#),
        ),
        case(
            "POST /api/things",
            &[MERGE],
            r#"{"id":12,"code":"a"}"#,
            409,
            &[],
            Code("unique_conflict"),
        ),
        case(
            "POST /api/things?on_conflict=name",
            &[MERGE],
            r#"{"id":12,"code":"q"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "POST /api/things?on_conflict=cod",
            &[MERGE],
            r#"{"id":12,"code":"q"}"#,
            400,
            &[],
            Code("unknown_column"),
        ),
        case(
            "POST /api/things?on_conflict=hidden",
            &[MERGE],
            r#"{"id":12,"code":"q"}"#,
            400,
            &[],
            Code("unknown_column"),
        ),
        case(
            "POST /api/things?on_conflict=",
            &[MERGE],
            r#"{"id":12,"code":"q"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "POST /api/things?on_conflict=id,code",
            &[MERGE],
            r#"{"id":12,"code":"q"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case("GET /api/things?on_conflict=id", &[], "", 400, &[], Code("bad_query")),
        case(
            "POST /api/things?on_conflict=code",
            &[],
            r#"{"id":12,"code":"a"}"#,
            409,
            &[("!preference-applied", "")],
            Code("unique_conflict"),
        ),
        case(
            "POST /api/things",
            &[MERGE],
            r#"[{"id":1,"code":"z"},{"id":1,"code":"z"}]"#,
            409,
            &[],
            Code("unique_conflict"),
        ),
        case(
            "POST /api/pairs?select=label",
            &[MERGE],
            r#"{"a":1,"b":2,"label":"x"}"#,
            201,
            &[("location", "/api/pairs/1,2")],
            Json(r#"{"label":"x"}"#),
        ),
        case(
            "POST /api/pairs?on_conflict=b,a&select=label",
            &[MERGE],
            r#"{"a":1,"b":2,"label":"y"}"#,
            200,
            &[],
            Json(r#"{"label":"y"}"#),
        ),
        case(
            "POST /api/pairs?on_conflict=%22a%22,%22b%22",
            &[MERGE, MINIMAL],
            r#"{"a":1,"b":2}"#,
            200,
            &[],
            Empty,
        ),
        case(
            "GET /api/pairs/1,2",
            &[],
            "",
            200,
            &[],
            Json(r#"{"a":1,"b":2,"label":"y"}"#),
        ),
        case(
            "POST /api/pairs?on_conflict=a",
            &[MERGE],
            r#"{"a":1,"b":2}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        // Ignored rows are not returned.
        case(
            "POST /api/things?select=id",
            &[IGNORE],
            r#"[{"id":2,"code":"b"},{"id":4,"code":"d"}]"#,
            201,
            &[
                ("content-range", "*/1"),
                ("preference-applied", "resolution=ignore-duplicates"),
            ],
            Json(r#"[{"id":4}]"#),
        ),
        case(
            "POST /api/things?select=id",
            &[IGNORE],
            r#"[{"id":2,"code":"b"},{"id":4,"code":"d"}]"#,
            200,
            &[("content-range", "*/0")],
            Json("[]"),
        ),
        case(
            "POST /api/things",
            &[IGNORE],
            r#"{"id":4,"code":"d"}"#,
            200,
            &[("!location", ""), ("!etag", "")],
            Json("[]"),
        ),
        case(
            "POST /api/things",
            &[IGNORE, MINIMAL],
            r#"{"id":4,"code":"d"}"#,
            200,
            &[],
            Empty,
        ),
        case(
            "POST /api/things",
            &[IGNORE, FULL, OBJECT],
            r#"{"id":4,"code":"d"}"#,
            406,
            &[],
            Code("not_one_row"),
        ),
        case(
            "POST /api/things",
            &[IGNORE],
            r#"{"id":40,"code":"d"}"#,
            409,
            &[],
            Code("unique_conflict"),
        ),
        case(
            "POST /api/things?on_conflict=code",
            &[IGNORE],
            r#"{"id":40,"code":"d"}"#,
            200,
            &[],
            Json("[]"),
        ),
        case(
            "POST /api/additions",
            &[IGNORE],
            r#"{"id":1}"#,
            201,
            &[],
            Json(r#"{"id":1,"word":null}"#),
        ),
        case(
            "POST /api/additions",
            &[MERGE],
            r#"{"id":1}"#,
            400,
            &[],
            Code("bad_header"),
        ),
        case(
            "POST /api/loose",
            &[MERGE],
            r#"{"word":"w"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "POST /api/logs",
            &[MERGE],
            r#"{"text":"w"}"#,
            201,
            &[("location", "/api/logs/1")],
            Json(r#"{"id":1,"text":"w"}"#),
        ),
        case(
            "POST /api/later?on_conflict=word",
            &[MERGE],
            r#"{"id":1,"word":"w"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "POST /api/days",
            &[MERGE],
            r#"{"day":"2026-01-02","total":1}"#,
            201,
            &[],
            Json(r#"{"day":"2026-01-02","total":1}"#),
        ),
        case(
            "POST /api/days",
            &[MERGE],
            r#"{"day":"2026-01-02","total":2}"#,
            200,
            &[],
            Json(r#"{"day":"2026-01-02","total":2}"#),
        ),
        // Both arms keep rules and checks.
        case(
            "POST /api/things?select=id",
            &[],
            r#"{"id":5,"code":"e","low":5,"high":9}"#,
            201,
            &[],
            Json(r#"{"id":5}"#),
        ),
        case(
            "POST /api/things",
            &[MERGE],
            r#"{"id":5,"code":"e","high":3}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "POST /api/things",
            &[MERGE],
            r#"{"id":6,"code":"f","low":5,"high":3}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "POST /api/things",
            &[MERGE],
            r#"{"id":5,"code":"e","price":-1}"#,
            422,
            &[],
            Any,
        ),
        case(
            "GET /api/things/5?select=low,high,price",
            &[],
            "",
            200,
            &[],
            Json(r#"{"low":5,"high":9,"price":null}"#),
        ),
        case(
            "POST /api/things",
            &[MERGE],
            r#"{"id":7}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        // Rows that may not be read are merged without a word of them.
        case(
            "POST /api/secrets",
            &[MERGE],
            r#"{"id":1,"word":"w"}"#,
            201,
            &[("!etag", "")],
            Empty,
        ),
        case(
            "POST /api/secrets",
            &[MERGE],
            r#"{"id":1,"word":"v"}"#,
            200,
            &[("!etag", "")],
            Empty,
        ),
        case(
            "POST /api/secrets",
            &[MERGE, FULL],
            r#"{"id":1,"word":"v"}"#,
            401,
            &[],
            Any,
        ),
    ];
    with_app(setup(), |app| async move { run(&app, CASES).await });
}

#[test]
fn preferences() {
    const CASES: &[Case] = &[
        case(
            "POST /api/things?columns=id,code&select=id,name",
            &[],
            r#"{"id":1,"code":"a","name":"left out","nonsense":7}"#,
            201,
            &[],
            Json(r#"{"id":1,"name":"unnamed"}"#),
        ),
        case(
            "POST /api/things?columns=%22id%22,%22code%22&select=id",
            &[],
            r#"[{"id":2,"code":"b","x":1},{"id":3,"code":"c"}]"#,
            201,
            &[],
            Json(r#"[{"id":2},{"id":3}]"#),
        ),
        case(
            "POST /api/things?columns=id,nam",
            &[],
            r#"{"id":9,"code":"z"}"#,
            400,
            &[],
            Code("unknown_column"),
        ),
        case(
            "POST /api/things?columns=id,",
            &[],
            r#"{"id":9,"code":"z"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PATCH /api/things/1?columns=note&select=name,note",
            &[],
            r#"{"name":"no","note":"yes"}"#,
            200,
            &[],
            Json(r#"{"name":"unnamed","note":"yes"}"#),
        ),
        case(
            "PATCH /api/things/1?columns=note",
            &[],
            r#"{"name":"no"}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "PUT /api/things/1?columns=code&select=code,note",
            &[],
            r#"{"code":"a","note":"no"}"#,
            200,
            &[],
            Json(r#"{"code":"a","note":null}"#),
        ),
        case(
            "DELETE /api/things/1?columns=code",
            &[],
            "",
            400,
            &[],
            Code("bad_query"),
        ),
        case("GET /api/things?columns=id", &[], "", 400, &[], Code("bad_query")),
        // Absent keys of an array.
        case(
            "POST /api/things?select=name,note",
            &[],
            r#"[{"id":10,"code":"j","name":"J"},{"id":11,"code":"k","note":"n"}]"#,
            201,
            &[("!preference-applied", "")],
            Json(r#"[{"name":"J","note":null},{"name":"unnamed","note":"n"}]"#),
        ),
        case(
            "POST /api/things?select=name",
            &[("prefer", "missing=default")],
            r#"[{"id":12,"code":"l","name":"L"},{"id":13,"code":"m"}]"#,
            201,
            &[("preference-applied", "missing=default")],
            Json(r#"[{"name":"L"},{"name":"unnamed"}]"#),
        ),
        case(
            "POST /api/things?select=name",
            &[("prefer", "missing=null")],
            r#"[{"id":14,"code":"n","name":"N"},{"id":15,"code":"o"}]"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "POST /api/things?select=id,note",
            &[("prefer", "missing=null")],
            r#"[{"id":14,"code":"n","note":"N"},{"id":15,"code":"o"}]"#,
            201,
            &[("preference-applied", "missing=null")],
            Json(r#"[{"id":14,"note":"N"},{"id":15,"note":null}]"#),
        ),
        case(
            "POST /api/things?columns=id,code,note,name&select=id",
            &[("prefer", "missing=null")],
            r#"[{"id":16,"code":"p"}]"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        // How many rows.
        case(
            "PATCH /api/things",
            &[],
            r#"{"note":"all"}"#,
            400,
            &[],
            Code("mass_write"),
        ),
        case(
            "PATCH /api/things",
            &[("prefer", "max-affected=100")],
            r#"{"note":"all"}"#,
            400,
            &[],
            Code("mass_write"),
        ),
        case(
            "PATCH /api/things",
            &[("prefer", "handling=strict, max-affected=2")],
            r#"{"note":"all"}"#,
            400,
            &[],
            Code("max_affected"),
        ),
        case("GET /api/things?note=eq.all", &[], "", 200, &[], Json("[]")),
        case(
            "PATCH /api/things",
            &[("prefer", "handling=strict, max-affected=100")],
            r#"{"note":"all"}"#,
            204,
            &[
                ("preference-applied", "handling=strict, max-affected=100"),
                ("content-range", "*/9"),
            ],
            Empty,
        ),
        case(
            "PATCH /api/things?id=in.(1,2)",
            &[("prefer", "max-affected=1")],
            r#"{"note":"two"}"#,
            204,
            &[("!preference-applied", "")],
            Empty,
        ),
        case(
            "DELETE /api/things?id=gte.10",
            &[("prefer", "handling=strict, max-affected=5")],
            "",
            400,
            &[],
            Code("max_affected"),
        ),
        case(
            "DELETE /api/things?id=gte.10&select=id",
            &[("prefer", "handling=strict, max-affected=6, return=representation")],
            "",
            200,
            &[(
                "preference-applied",
                "return=representation, handling=strict, max-affected=6",
            )],
            Any,
        ),
        case(
            "DELETE /api/things?id=eq.1",
            &[("prefer", "handling=strict, max-affected=x")],
            "",
            400,
            &[],
            Code("bad_header"),
        ),
        case(
            "POST /api/things",
            &[("prefer", "handling=strict, max-affected=1")],
            r#"[{"id":20,"code":"t"},{"id":21,"code":"u"}]"#,
            400,
            &[],
            Code("max_affected"),
        ),
        case("GET /api/things?id=gte.10", &[], "", 200, &[], Json("[]")),
        case("DELETE /api/things", &[], "", 400, &[], Code("mass_write")),
        // A write that is tried only.
        case(
            "POST /api/things?select=id",
            &[("prefer", "tx=rollback")],
            r#"{"id":30,"code":"dry"}"#,
            201,
            &[("preference-applied", "tx=rollback")],
            Json(r#"{"id":30}"#),
        ),
        case("GET /api/things/30", &[], "", 404, &[], Any),
        case(
            "DELETE /api/things/1",
            &[("prefer", "tx=rollback, handling=strict")],
            "",
            204,
            &[("preference-applied", "tx=rollback, handling=strict")],
            Empty,
        ),
        case("GET /api/things/1?select=id", &[], "", 200, &[], Json(r#"{"id":1}"#)),
        case(
            "POST /api/later",
            &[("prefer", "tx=commit")],
            r#"{"id":1,"word":"w"}"#,
            201,
            &[("preference-applied", "tx=commit")],
            Any,
        ),
        case(
            "POST /api/later",
            &[("prefer", "tx=rollback")],
            r#"{"id":2,"word":"w"}"#,
            409,
            &[],
            Code("unique_conflict"),
        ),
        case(
            "POST /api/things",
            &[("prefer", "tx=rollback"), ("idempotency-key", "dry")],
            r#"{"id":30,"code":"dry"}"#,
            201,
            &[("!idempotency-replayed", "")],
            Any,
        ),
        case(
            "POST /api/things",
            &[("prefer", "tx=rollback"), ("idempotency-key", "dry")],
            r#"{"id":30,"code":"dry"}"#,
            201,
            &[("!idempotency-replayed", "")],
            Any,
        ),
        // What comes back.
        case(
            "POST /api/things?select=n:name",
            &[FULL],
            r#"{"id":31,"code":"x"}"#,
            201,
            &[("preference-applied", "return=representation")],
            Json(r#"[{"n":"unnamed"}]"#),
        ),
        case(
            "POST /api/things?select=n:name",
            &[FULL, OBJECT],
            r#"{"id":32,"code":"y"}"#,
            201,
            &[],
            Json(r#"{"n":"unnamed"}"#),
        ),
        case(
            "DELETE /api/things/32?select=id",
            &[FULL],
            "",
            200,
            &[("!etag", "")],
            Json(r#"{"id":32}"#),
        ),
    ];
    with_app(setup(), |app| async move { run(&app, CASES).await });
    with_app(
        Setup {
            limits: Limits::default(),
            ..setup()
        },
        |app| async move {
            let row = r#"{"id":1,"code":"a"}"#;
            send(
                &app,
                "POST /api/things",
                &[("prefer", "tx=rollback, handling=strict")],
                row,
            )
            .await
            .is(400);
            let stored = send(&app, "POST /api/things", &[("prefer", "tx=rollback")], row)
                .await
                .is(201);
            assert!(!stored.headers.contains_key("preference-applied"));
            app.get("/api/things/1").await.is(200);
        },
    );
}

#[test]
fn puts() {
    const CASES: &[Case] = &[
        case(
            "PUT /api/things/1",
            &[],
            r#"{"code":"a","note":"n"}"#,
            201,
            &[("location", "/api/things/1")],
            Any,
        ),
        case(
            "PUT /api/things/1?select=id,note",
            &[],
            r#"{"code":"a"}"#,
            200,
            &[("!location", "")],
            Json(r#"{"id":1,"note":null}"#),
        ),
        case(
            "PUT /api/things/1",
            &[MINIMAL],
            r#"{"code":"a"}"#,
            204,
            &[("preference-applied", "return=minimal")],
            Empty,
        ),
        case(
            "PUT /api/things/2",
            &[MINIMAL],
            r#"{"code":"b"}"#,
            201,
            &[("location", "/api/things/2")],
            Empty,
        ),
        case("PUT /api/things/2", &[], r#"{"id":2,"code":"b"}"#, 200, &[], Any),
        case(
            "PUT /api/things/2",
            &[],
            r#"{"id":3,"code":"b"}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "PUT /api/things/2",
            &[],
            r#"{"code":"a"}"#,
            409,
            &[],
            Code("unique_conflict"),
        ),
        case(
            "PUT /api/things/3",
            &[],
            r#"{"note":"no code"}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "PUT /api/things/x",
            &[],
            r#"{"code":"x"}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "PUT /api/things?id=eq.7&select=id,code",
            &[],
            r#"{"id":7,"code":"g"}"#,
            201,
            &[("location", "/api/things/7")],
            Json(r#"[{"id":7,"code":"g"}]"#),
        ),
        case(
            "PUT /api/things?id=eq.7&select=id,name",
            &[FULL],
            r#"{"id":7,"code":"g","name":"G"}"#,
            200,
            &[],
            Json(r#"[{"id":7,"name":"G"}]"#),
        ),
        case(
            "PUT /api/things?id=eq.7",
            &[MINIMAL],
            r#"{"id":7,"code":"g"}"#,
            204,
            &[],
            Empty,
        ),
        case(
            "PUT /api/things?id=eq.7",
            &[],
            r#"{"id":8,"code":"g"}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "PUT /api/things?id=gt.7",
            &[],
            r#"{"id":7,"code":"g"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PUT /api/things?id=eq.7&code=eq.g",
            &[],
            r#"{"id":7,"code":"g"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PUT /api/things?id=eq.7&id=eq.7",
            &[],
            r#"{"id":7,"code":"g"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case("PUT /api/things", &[], r#"{"id":7,"code":"g"}"#, 405, &[], Any),
        case(
            "PUT /api/pairs?b=eq.2&a=eq.1",
            &[],
            r#"{"label":"x"}"#,
            201,
            &[("location", "/api/pairs/1,2")],
            Json(r#"[{"a":1,"b":2,"label":"x"}]"#),
        ),
        case(
            "PUT /api/pairs?a=eq.1",
            &[],
            r#"{"label":"x"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PUT /api/pairs/1,2",
            &[],
            "{}",
            200,
            &[],
            Json(r#"{"a":1,"b":2,"label":null}"#),
        ),
        // The key is the database's to choose, or rows may not be created.
        case(
            "PUT /api/logs/1",
            &[],
            r#"{"text":"x"}"#,
            404,
            &[],
            Code("row_not_found"),
        ),
        case("PUT /api/days/2026-02-03", &[], r#"{"total":1}"#, 201, &[], Any),
        case(
            "PUT /api/days/2026-02-03",
            &[],
            r#"{"total":2}"#,
            200,
            &[],
            Json(r#"{"day":"2026-02-03","total":2}"#),
        ),
        case(
            "PUT /api/secrets/1",
            &[],
            r#"{"word":"x"}"#,
            201,
            &[("!etag", "")],
            Empty,
        ),
        case(
            "PUT /api/secrets/1",
            &[],
            r#"{"word":"y"}"#,
            204,
            &[("!etag", "")],
            Empty,
        ),
        // Rules hold for the row as it will be.
        case(
            "PUT /api/things/9",
            &[],
            r#"{"code":"i","low":2,"high":1}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
    ];
    with_app(setup(), |app| async move { run(&app, CASES).await });
}

#[test]
fn tags() {
    with_app(setup(), |app| async move {
        let made = app.post("/api/things", r#"{"id":1,"code":"a"}"#).await.is(201);
        let tag = made.header("etag").to_owned();
        assert!(tag.len() == 34 && tag.starts_with('"'), "{tag}");
        for path in [
            "/api/things/1",
            "/api/things/1?select=id",
            "/api/things/1?select=code,x:id",
        ] {
            assert_eq!(app.get(path).await.is(200).header("etag"), tag, "{path}");
        }
        let with = |ask: &'static str, name: &'static str, value: String, body: &'static str| {
            let app = Arc::clone(&app);
            async move { send(&app, ask, &[(name, &value)], body).await }
        };
        let item = "GET /api/things/1";
        for (value, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"x\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
            ("x".to_owned(), 400),
            ("".to_owned(), 400),
            (format!("*, {tag}"), 400),
        ] {
            let answer = with(item, "if-none-match", value.clone(), "").await;
            assert_eq!(answer.status, status, "{value}");
            if status == 304 {
                assert_eq!((answer.header("etag"), answer.text.as_str()), (tag.as_str(), ""));
            }
        }
        with("HEAD /api/things/1", "if-none-match", tag.clone(), "")
            .await
            .is(304);
        for (value, status) in [
            (tag.clone(), 200),
            ("*".to_owned(), 200),
            (format!("W/{tag}"), 412),
            ("\"x\"".to_owned(), 412),
        ] {
            assert_eq!(
                with(item, "if-match", value.clone(), "").await.status,
                status,
                "{value}"
            );
        }
        // A hidden column is no part of it; every other change is.
        let owner = app.owner().await;
        owner.batch_execute("update things set hidden = 'h'").await.unwrap();
        assert_eq!(app.get("/api/things/1").await.header("etag"), tag);
        let patch = "PATCH /api/things/1";
        let failed = with(patch, "if-match", "\"x\"".to_owned(), r#"{"note":"1"}"#)
            .await
            .is(412);
        assert_eq!(failed.json()["code"], "precondition_failed");
        with(patch, "if-match", format!("W/{tag}"), r#"{"note":"1"}"#)
            .await
            .is(412);
        let second = with(patch, "if-match", tag.clone(), r#"{"note":"1"}"#).await.is(200);
        assert_ne!(second.header("etag"), tag);
        let tag = second.header("etag").to_owned();
        assert_eq!(app.get("/api/things/1").await.header("etag"), tag);
        with(patch, "if-none-match", tag.clone(), r#"{"note":"2"}"#)
            .await
            .is(412);
        with(patch, "if-none-match", "*".to_owned(), r#"{"note":"2"}"#)
            .await
            .is(412);
        with(patch, "if-match", "*".to_owned(), r#"{"note":"1"}"#).await.is(200);
        with("PATCH /api/things/99", "if-match", tag.clone(), r#"{"note":"1"}"#)
            .await
            .is(404);
        with("PUT /api/things/1", "if-match", "\"x\"".to_owned(), r#"{"code":"a"}"#)
            .await
            .is(412);
        with("PUT /api/things/99", "if-match", "*".to_owned(), r#"{"code":"z"}"#)
            .await
            .is(412);
        with("PUT /api/things/1", "if-none-match", "*".to_owned(), r#"{"code":"a"}"#)
            .await
            .is(412);
        with("PUT /api/things/2", "if-none-match", "*".to_owned(), r#"{"code":"b"}"#)
            .await
            .is(201);
        with("PUT /api/logs/99", "if-none-match", "*".to_owned(), r#"{"text":"b"}"#)
            .await
            .is(404);
        let put = with("PUT /api/things/1", "if-match", tag.clone(), r#"{"code":"a"}"#)
            .await
            .is(200);
        assert_eq!(put.header("etag"), made.header("etag"), "the row is as it was at first");
        with("DELETE /api/things/1", "if-match", tag, "").await.is(412);
        app.get("/api/things/1").await.is(200);
        with("DELETE /api/things/1", "if-match", put.header("etag").to_owned(), "")
            .await
            .is(204);
        app.get("/api/things/1").await.is(404);
        with("DELETE /api/things/1", "if-match", "*".to_owned(), "")
            .await
            .is(404);
        // A collection has no tag; rows that may not be read have none either.
        with(
            "POST /api/things",
            "if-match",
            "\"x\"".to_owned(),
            r#"{"id":5,"code":"e"}"#,
        )
        .await
        .is(412);
        with(
            "POST /api/things",
            "if-none-match",
            "*".to_owned(),
            r#"{"id":5,"code":"e"}"#,
        )
        .await
        .is(412);
        with("POST /api/things", "if-match", "*".to_owned(), r#"{"id":5,"code":"e"}"#)
            .await
            .is(201);
        with("DELETE /api/things?id=eq.5", "if-match", "\"x\"".to_owned(), "")
            .await
            .is(412);
        app.post("/api/secrets", r#"{"id":1}"#).await.is(201);
        with(
            "PATCH /api/secrets/1",
            "if-match",
            "\"x\"".to_owned(),
            r#"{"word":"w"}"#,
        )
        .await
        .is(401);
        with("PATCH /api/secrets/1", "if-match", "*".to_owned(), r#"{"word":"w"}"#)
            .await
            .is(204);
        assert!(!app.get("/api/things").await.headers.contains_key("etag"));
    });
}

#[test]
fn of_many_writers_with_one_tag_one_wins() {
    with_app(setup(), |app| async move {
        app.post("/api/things", r#"{"id":1,"code":"a","low":0}"#).await.is(201);
        for round in 1..=5 {
            let tag = app.get("/api/things/1").await.header("etag").to_owned();
            let writers = (0..6).map(|n| {
                let (app, tag) = (Arc::clone(&app), tag.clone());
                tokio::spawn(async move {
                    let body = format!("{{\"low\":{}}}", round * 10 + n);
                    send(&app, "PATCH /api/things/1", &[("if-match", &tag)], &body)
                        .await
                        .status
                })
            });
            let mut statuses = Vec::new();
            for writer in writers.collect::<Vec<_>>() {
                statuses.push(writer.await.unwrap());
            }
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
        }
        // The same for a row that is to be created.
        let writers: Vec<_> = (0..6)
            .map(|n| {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    let body = format!("{{\"code\":\"c{n}\"}}");
                    send(&app, "PUT /api/things/2", &[("if-none-match", "*")], &body)
                        .await
                        .status
                })
            })
            .collect();
        let mut statuses = Vec::new();
        for writer in writers {
            statuses.push(writer.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412, 412, 412, 412, 412]);
    });
}

#[test]
fn one_key_one_write() {
    with_app(setup(), |app| async move {
        let key = ("idempotency-key", "k1");
        let first = send(&app, "POST /api/logs", &[key], r#"{"text":"once"}"#).await.is(201);
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let again = send(&app, "POST /api/logs", &[key], r#"{"text":"once"}"#).await.is(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.text, first.text);
        for name in ["location", "etag", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        for (ask, headers, body) in [
            ("POST /api/logs", &[key][..], r#"{"text":"other"}"#),
            ("POST /api/logs?select=id", &[key], r#"{"text":"once"}"#),
            ("POST /api/logs", &[key, MINIMAL], r#"{"text":"once"}"#),
        ] {
            let other = send(&app, ask, headers, body).await.is(422);
            assert_eq!(other.json()["code"], "idempotency_mismatch", "{ask} {body}");
        }
        // Another path or method is another write.
        send(&app, "PATCH /api/logs/1", &[key], r#"{"text":"once"}"#)
            .await
            .is(200);
        let deleted = send(&app, "DELETE /api/logs/1", &[key], "").await.is(204);
        assert!(!deleted.headers.contains_key("idempotency-replayed"));
        let deleted = send(&app, "DELETE /api/logs/1", &[key], "").await.is(204);
        assert_eq!(deleted.header("idempotency-replayed"), "true", "though the row is gone");
        send(&app, "DELETE /api/logs/1", &[], "").await.is(404);
        // Refused writes are not kept: the key can be used again.
        send(&app, "POST /api/things", &[("idempotency-key", "k2")], r#"{"id":1}"#)
            .await
            .is(422);
        send(
            &app,
            "POST /api/things",
            &[("idempotency-key", "k2")],
            r#"{"id":1,"code":"a"}"#,
        )
        .await
        .is(201);
        send(
            &app,
            "POST /api/things",
            &[("idempotency-key", "k3")],
            r#"{"id":1,"code":"a"}"#,
        )
        .await
        .is(409);
        app.send(Method::DELETE, "/api/things/1", "").await.is(204);
        send(
            &app,
            "POST /api/things",
            &[("idempotency-key", "k3")],
            r#"{"id":1,"code":"a"}"#,
        )
        .await
        .is(201);
        // An edit under a tag is told again, not refused, as it was done.
        let tag = app.get("/api/things/1").await.header("etag").to_owned();
        let edit = [("idempotency-key", "k4"), ("if-match", tag.as_str())];
        send(&app, "PATCH /api/things/1", &edit, r#"{"note":"x"}"#)
            .await
            .is(200);
        send(&app, "PATCH /api/things/1", &edit, r#"{"note":"x"}"#)
            .await
            .is(200);
        let longest = "x".repeat(255);
        send(
            &app,
            "POST /api/logs",
            &[("idempotency-key", &longest)],
            r#"{"text":"l"}"#,
        )
        .await
        .is(201);
        for bad in ["", "a b", &"x".repeat(256), "\u{e9}"] {
            let refused = send(&app, "POST /api/logs", &[("idempotency-key", bad)], r#"{"text":"l"}"#)
                .await
                .is(400);
            assert_eq!(refused.json()["code"], "bad_header", "{bad}");
        }
        send(&app, "GET /api/logs", &[("idempotency-key", "a b")], "")
            .await
            .is(200);
        // After a day a key is free, and goes with the next one that comes.
        let owner = app.owner().await;
        let age = "update windlass.idempotency set created_at = now() - interval '25 hours'";
        owner.batch_execute(age).await.unwrap();
        let anew = send(&app, "POST /api/logs", &[key], r#"{"text":"anew"}"#).await.is(201);
        assert!(!anew.headers.contains_key("idempotency-replayed"));
        let kept = owner
            .query_one("select count(*) from windlass.idempotency", &[])
            .await
            .unwrap();
        assert_eq!(kept.get::<_, i64>(0), 1);
        // The serving role can neither read nor change what is kept.
        let login = app.cluster.endpoint().config(windlass_core::db::cluster::Role::Login);
        let login = windlass_core::db::connect::open(&login).await.unwrap();
        for text in ["select from windlass.idempotency", "delete from windlass.idempotency"] {
            assert_eq!(
                login.execute(text, &[]).await.unwrap_err().code().unwrap().code(),
                "42501",
                "{text}"
            );
        }
    });
}

#[test]
fn a_key_in_flight_is_told_so() {
    with_app(setup(), |app| async move {
        // Somebody holds the row that the write needs.
        app.post("/api/things", r#"{"id":1,"code":"a"}"#).await.is(201);
        let owner = app.owner().await;
        owner
            .batch_execute("begin; update things set note = 'held'")
            .await
            .unwrap();
        let slow = {
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                send(
                    &app,
                    "PATCH /api/things/1",
                    &[("idempotency-key", "k")],
                    r#"{"name":"N"}"#,
                )
                .await
            })
        };
        let watcher = app.owner().await;
        let waiting = "select count(*) from pg_locks where not granted";
        while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
        let busy = send(
            &app,
            "PATCH /api/things/1",
            &[("idempotency-key", "k")],
            r#"{"name":"N"}"#,
        )
        .await
        .is(409);
        assert_eq!(
            (busy.json()["code"].as_str(), busy.header("retry-after")),
            (Some("idempotency_in_flight"), "1")
        );
        owner.batch_execute("rollback").await.unwrap();
        slow.await.unwrap().is(200);
        let told = send(
            &app,
            "PATCH /api/things/1",
            &[("idempotency-key", "k")],
            r#"{"name":"N"}"#,
        )
        .await
        .is(200);
        assert_eq!(told.header("idempotency-replayed"), "true");
    });
}

#[test]
fn fifty_at_once_make_one_row() {
    with_app(setup(), |app| async move {
        let senders: Vec<_> = (0..50)
            .map(|_| {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    loop {
                        let answer = send(
                            &app,
                            "POST /api/logs",
                            &[("idempotency-key", "fifty")],
                            r#"{"text":"x"}"#,
                        )
                        .await;
                        match answer.status {
                            201 => return answer,
                            409 | 503 => assert!(!answer.header("retry-after").is_empty(), "{}", answer.text),
                            other => panic!("{other}: {}", answer.text),
                        }
                    }
                })
            })
            .collect();
        let (mut bodies, mut done) = (std::collections::HashSet::new(), 0);
        for sender in senders {
            let answer = sender.await.unwrap();
            done += usize::from(!answer.headers.contains_key("idempotency-replayed"));
            bodies.insert(answer.text);
        }
        assert_eq!((bodies.len(), done), (1, 1));
        assert_eq!(app.get("/api/logs?select=text").await.json(), json!([{"text": "x"}]));
    });
}
