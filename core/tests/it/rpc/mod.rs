//! Calls of functions of every kind. A table of requests and replies.

mod arguments;
mod demo;
mod files;
mod rows;
mod values;
mod writes;

use serde_json::Value;
use windlass_core::app::Limits;

use crate::app::{Answer, App, Setup};

const SCHEMA: &str = include_str!("../../fixtures/functions.sql");

/// Functions that are exposed as they are; `odd` and `closed` are files of their own.
const PLAIN: &[&str] = &[
    "add_them",
    "big",
    "nothing",
    "greet",
    "band",
    "turned",
    "document",
    "total",
    "shape",
    "percents",
    "words",
    "length_of",
    "exactly",
    "at_offset",
    "code",
    "letters",
    "flags",
    "idle",
    "limited",
    "everybody",
    "by_mood",
    "first_person",
    "all_teams",
    "logged",
    "moods",
    "split",
    "only_out",
    "doubled",
    "counted",
    "spans",
    "one_span",
    "area",
    "either",
    "echo",
    "shout",
    "size",
    "note",
    "notes",
    "forget",
    "how_many",
    "liar",
    "lying_rows",
    "refuse",
];

const RESOURCES: &[(&str, &str)] = &[
    ("people", "[access]\nread = [\"public\"]\n"),
    ("teams", "hidden = [\"hidden\"]\n[access]\nread = [\"public\"]\n"),
    (
        "odd",
        "function = 'public.Odd \"Fn'\n[access]\ncall = [\"public\"]\n[args.\":=\"]\nge = 1\nle = 9\n",
    ),
    ("closed", "function = \"greet\"\n[access]\ncall = [\"scope:greet\"]\n"),
    (
        "grouped",
        "function = \"everybody\"\n[access]\ncall = [\"public\"]\n[page]\nmax_groups = 10\n",
    ),
    (
        "few",
        "function = \"everybody\"\n[access]\ncall = [\"public\"]\n[page]\ndefault = 2\nmax = 3\n",
    ),
];

/// Runs a test over the schema.
fn with_functions<F, Fut>(test: F)
where
    F: FnOnce(std::sync::Arc<App>) -> Fut,
    Fut: std::future::Future<Output = ()>,
{
    let files: Vec<(&str, String)> = PLAIN
        .iter()
        .map(|name| {
            (
                *name,
                format!("function = \"public.{name}\"\n[access]\ncall = [\"public\"]\n"),
            )
        })
        .collect();
    let mut resources = RESOURCES.to_vec();
    resources.extend(files.iter().map(|(name, text)| (*name, text.as_str())));
    let setup = Setup {
        schema: SCHEMA,
        resources: &resources,
        limits: Limits {
            tx_rollback: true,
            ..Limits::default()
        },
        ..Setup::default()
    };
    crate::app::with_app(setup, test);
}

/// One request and what is expected of its reply. The body of the request is JSON unless a header says otherwise.
struct Case {
    ask: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    shows: &'static [(&'static str, &'static str)],
    is: Body,
}

enum Body {
    Empty,
    Json(&'static str),
    Text(&'static str),
    /// A refusal with this code and a part of its message, details or hint.
    Code(&'static str, &'static str),
}

use Body::{Code, Empty, Json, Text};

const fn get(ask: &'static str, status: u16, is: Body) -> Case {
    with(ask, &[], "", status, &[], is)
}

const fn post(ask: &'static str, body: &'static str, status: u16, is: Body) -> Case {
    with(ask, &[], body, status, &[], is)
}

const fn with(
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

async fn send(app: &App, case: &Case) -> Answer {
    let (method, path) = case.ask.split_once(' ').unwrap_or(("GET", case.ask));
    let mut request = app.request(method.parse().unwrap(), &format!("/api/rpc/{path}"));
    for (name, value) in case.headers {
        request = request.header(*name, *value);
    }
    if !case.body.is_empty() {
        if !case.headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        request = request.body(case.body.to_owned());
    }
    Answer::of(request).await
}

/// Asks all of them, and tells of all that went wrong.
async fn run(app: &App, cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let answer = send(app, case).await;
        let shown = case.shows.iter().all(|(name, value)| match name.strip_prefix('!') {
            Some(name) => !answer.headers.contains_key(name),
            None => answer.headers.get(*name).is_some_and(|known| known == value),
        });
        let fits = match case.is {
            Empty => answer.text.is_empty(),
            Text(text) => answer.text == text,
            Json(text) => {
                let wanted: Value = serde_json::from_str(text).unwrap();
                serde_json::from_str::<Value>(&answer.text).is_ok_and(|found| found == wanted)
            }
            Code(code, part) => serde_json::from_str::<Value>(&answer.text).is_ok_and(|problem| {
                let said = ["message", "details", "hint"]
                    .iter()
                    .filter_map(|member| problem[*member].as_str());
                problem["code"] == code && said.collect::<Vec<_>>().join("\n").contains(part)
            }),
        };
        if answer.status != case.status || !shown || !fits {
            wrong.push(format!("{} {}\n  {answer:?}", case.ask, case.body));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
