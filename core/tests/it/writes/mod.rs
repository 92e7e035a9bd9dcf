//! Writes in all their forms: upserts, preferences, preconditions, idempotency keys. A table of requests and replies.

mod once;
mod preferences;
mod puts;
mod returned;
mod tags;
mod upserts;

use serde_json::Value;
use windlass_core::app::Limits;

use crate::app::{Answer, App, Setup};

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
create table frozen (id integer primary key, word text);
create function stay() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger stay before update on frozen for each row execute function stay();
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
    ("frozen", ALL),
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
