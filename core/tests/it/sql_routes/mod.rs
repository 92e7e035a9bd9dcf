//! SQL routes through the front door: every return, every part of a request, and what is refused.

mod demo;
mod files;
mod replies;
mod requests;
mod writes;

use reqwest::Method;
use serde_json::Value;
use windlass_core::app::Limits;

use crate::app::{Answer, App, Setup, with_app};

const SCHEMA: &str = include_str!("../../fixtures/sql_routes.sql");

/// Files: name and text. The front matter of each is written short.
const ROUTES: &[(&str, &str)] = &[
    (
        "timeline",
        "/*---
route = \"GET /api/leads/{id}/timeline\"
summary = \"What happened to a lead, newest first\"
tags = [\"leads\"]
access = [\"public\"]
returns = \"many\"
cache = \"private, max-age=5\"
[params.kind]
in = \"query\"
optional = true
enum = [\"visited\", \"called\"]
[params.limit]
in = \"query\"
default = 2
ge = 1
le = 200
---*/
select at, kind from events
where lead_id = :id and (:kind::text is null or kind = :kind)
order by at desc limit :limit",
    ),
    (
        "by_email",
        "/*---
route = \"GET /api/lead\"
access = [\"public\"]
returns = \"one\"
[params.email]
format = \"email\"
normalize = [\"trim\", \"lowercase\"]
---*/
select l.id, l.name, l.mood, l.address, m.name as manager
from leads l left join leads m on m.id = l.manager where l.email = :email;",
    ),
    (
        "plain",
        "/*--- route = \"GET /api/plain\"
access = [\"public\"]
returns = \"many\" ---*/ select id, name, mood, address from leads order by id",
    ),
    (
        "summary",
        "/*---\nroute = \"GET /api/summary\"\naccess = [\"public\"]\nreturns = \"json\"\n---*/
select jsonb_build_object('leads', count(*), 'names', jsonb_agg(name order by id)) from leads",
    ),
    (
        "everywhere",
        "/*---
route = \"POST /api/everywhere/{p}\"
access = [\"public\"]
returns = \"one\"
deprecated = true
[params.q]
in = \"query\"
optional = true
max_items = 3
[params.x_count]
in = \"header\"
le = 9
[params.session]
in = \"cookie\"
name = \"sid\"
min_length = 3
[params.title]
normalize = [\"trim\"]
min_length = 2
example = \"A title\"
[params.flag]
default = true
[params.note]
optional = true
---*/
select :p::int as p, :q::int[] as q, :x_count::int as x_count, :session::text as session,
    :title::text as title, :flag::bool as flag, :score::percent as score, :note::text as note, :title::text as again",
    ),
    (
        "whole",
        "/*---\nroute = \"POST /api/whole\"\naccess = [\"public\"]\nreturns = \"json\"\n---*/
select jsonb_build_object('got', :body::jsonb) as _, 'yes' as _header_x_seen",
    ),
    (
        "visit",
        "/*---\nroute = \"POST /api/leads/{id}/visits\"\naccess = [\"public\"]\nreturns = \"exec\"\n---*/
insert into events (lead_id, kind) values (:id, 'visited')",
    ),
    (
        "transfer",
        "/*---
route = \"PATCH /api/leads/{id}/score\"
access = [\"public\"]
returns = \"one\"
[params.kind]
default = \"called\"
---*/
insert into events (lead_id, kind) values (:id::bigint, :kind);
-- then
update leads set score = score + :by where id = :id::bigint returning id, score",
    ),
    (
        "new_lead",
        "/*---\nroute = \"POST /api/new-leads\"\naccess = [\"public\"]\nreturns = \"one\"\n---*/
insert into leads (email, name) values (:email, :name)
returning id, name, 201 as _status, '/api/lead?email=' || email as _header_location",
    ),
    (
        "steered",
        "/*---
route = \"GET /api/steered\"
access = [\"public\"]
returns = \"one\"
cache = \"no-store\"
[params.status]
optional = true
[params.note]
optional = true
---*/
select 1 as a, :status::int as _status, :note::text as _header_x_note, 'max-age=1' as _header_cache_control",
    ),
    (
        "numbers",
        "/*---
route = \"GET /api/numbers/{n}\"
access = [\"public\"]
returns = \"many\"
[page]
max = 10
max_stream = 20
max_bytes = 60
---*/
select g as n, repeat('x', :width::int) as x from generate_series(1, :n) g",
    ),
    (
        "numbers_all",
        "/*---\nroute = \"GET /api/numbers/all\"\naccess = [\"public\"]\nreturns = \"json\"\n---*/ select '\"words come first\"'::jsonb as j",
    ),
    (
        "several",
        "/*---\nroute = \"GET /api/several\"\naccess = [\"public\"]\nreturns = \"one\"\n---*/ select id from leads",
    ),
    (
        "slow",
        "/*---\nroute = \"GET /api/slow\"\naccess = [\"public\"]\nreturns = \"exec\"\ntimeout = \"50ms\"\n---*/ select pg_sleep(10)",
    ),
    (
        "sneaky",
        "/*---\nroute = \"GET /api/sneaky\"\naccess = [\"public\"]\nreturns = \"one\"\n---*/ select sneak() as n",
    ),
    (
        "refusing",
        "/*---\nroute = \"POST /api/refusing\"\naccess = [\"public\"]\nreturns = \"one\"\n---*/ select refuse() as n",
    ),
    (
        "closed",
        "/*---\nroute = \"GET /api/closed\"\naccess = [\"scope:x\"]\nreturns = \"exec\"\n---*/ select 1 as a",
    ),
    (
        "slow_write",
        "/*---\nroute = \"POST /api/slow-writes\"\naccess = [\"public\"]\nreturns = \"exec\"\n---*/
select pg_sleep(0.4)
-- then
insert into events (lead_id, kind) values (1, 'late')",
    ),
    (
        "gone",
        "/*---\nroute = \"POST /api/gone\"\naccess = [\"public\"]\nreturns = \"one\"\n---*/
insert into events (lead_id, kind) values (1, 'called')
-- then
select id from leads where id = -1",
    ),
    (
        "drop_lead",
        "/*---\nroute = \"DELETE /api/leads/{id}\"\naccess = [\"public\"]\nreturns = \"exec\"\n---*/ delete from leads where id = :id",
    ),
];

const RESOURCES: &[(&str, &str)] = &[("leads", "[access]\nread = [\"public\"]\n")];

fn setup<'a>() -> Setup<'a> {
    Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        routes: ROUTES,
        limits: Limits {
            tx_rollback: true,
            ..Limits::default()
        },
        ..Setup::default()
    }
}

/// One request and what is expected of its reply.
struct Case {
    ask: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    is: Body,
}

enum Body {
    Empty,
    Json(&'static str),
    Text(&'static str),
    /// Violations: type and way of each.
    Wrong(&'static [&'static str]),
    /// A refusal with this code and a part of its message, details or hint.
    Code(&'static str, &'static str),
}

const fn get(ask: &'static str, status: u16, is: Body) -> Case {
    send(ask, &[], "", status, is)
}

const fn send(
    ask: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    is: Body,
) -> Case {
    Case {
        ask,
        headers,
        body,
        status,
        is,
    }
}

async fn ask(app: &App, case: &Case) -> Answer {
    let (method, path) = case.ask.split_once(' ').unwrap_or(("GET", case.ask));
    let mut request = app.request(method.parse::<Method>().unwrap(), path);
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
        let answer = ask(app, case).await;
        let json = || serde_json::from_str::<Value>(&answer.text);
        let fits = match &case.is {
            Body::Empty => answer.text.is_empty(),
            Body::Text(text) => answer.text == *text,
            Body::Json(text) => json().is_ok_and(|found| found == serde_json::from_str::<Value>(text).unwrap()),
            Body::Wrong(violations) => json().is_ok() && answer.violations() == *violations,
            Body::Code(code, part) => json().is_ok_and(|problem| {
                let said = ["message", "details", "hint"]
                    .iter()
                    .filter_map(|member| problem[*member].as_str());
                problem["code"] == *code && said.collect::<Vec<_>>().join("\n").contains(part)
            }),
        };
        if answer.status != case.status || !fits {
            wrong.push(format!("{} {} {:?}\n  {answer:?}", case.ask, case.body, case.headers));
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

/// Runs a test over the routes.
fn with_routes<F, Fut>(test: F)
where
    F: FnOnce(std::sync::Arc<App>) -> Fut,
    Fut: std::future::Future<Output = ()>,
{
    with_app(setup(), test);
}
