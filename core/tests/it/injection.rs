//! Strings that mean something in SQL, sent through every parameter and place: the log of Postgres stays clean of errors
//! about statements, and no row changes that was not meant.

mod places;
mod strings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::header::HeaderValue;
use serde_json::json;
use windlass_core::app::Limits;
use windlass_core::db::lane::LaneOptions;

use crate::app::{Answer, App, Setup, with_app};
use places::{COLUMN, Place, Sent, bodies, encoded, headers, queries};
use strings::all;

const ALL: &str = "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n[page]\nmax_groups = 100\n";
const READ: &str = "[access]\nread = [\"public\"]\n";

/// What the catalog's fixture does not have: types whose text is a language of its own, and a table to fill.
const MORE: &str = "
create table public.made (id bigint generated always as identity primary key, name text not null, note text, meta jsonb);
create table public.languages (id int primary key, query tsquery, path jsonpath, xml xml, class regclass, proc regprocedure,
  kind regtype, config regconfig, words tsvector, paths jsonpath[], ref pg_lsn, mac macaddr, lines line);
grant usage on schema crm to public;
grant all on all tables in schema crm to public;
";

const ROW: &str = r#"{
    "a_int2": 1, "a_int4": 5, "a_int8": 9, "a_text": "kept", "a_char": "DE", "a_json": {"a": 1}, "a_jsonb": {"a": [1, "x"]},
    "an_enum": "it's done", "odd_enum": "A b", "some_ints": [1, 2], "some_words": ["a"], "some_enums": ["new"],
    "a_vector": [1, 2, 3], "a_range": "[1,5)", "a_multirange": "{[1,5)}", "an_inet": "10.0.0.1", "a_point": "(1,2)",
    "a_tsvector": "'x'", "a_pair": "(1,b)", "a_percent": 7, "a_slug": "ab", "tags": ["t"], "Odd name": 3
}"#;

/// Sends it; `None` for what no HTTP client can send.
async fn send(app: &App, sent: Sent) -> Option<Answer> {
    let mut request = app.request(sent.method, &sent.path);
    for (name, value) in sent.headers {
        request = request.header(name, HeaderValue::from_bytes(&value).ok()?);
    }
    if let Some(body) = sent.body {
        request = request.header("content-type", "application/json").body(body);
    }
    // What only the string made too long for a request's head is refused by closing the connection.
    Some(Answer::read(request.send().await.ok()?).await)
}

/// The server's log, from where it was read last.
struct Log {
    path: PathBuf,
    at: usize,
}

impl Log {
    fn of(directory: &Path) -> Self {
        let found = std::fs::read_dir(directory).unwrap().find_map(|entry| {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => Some(path.join("postgres.log")).filter(|path| path.exists()),
                false => (path.file_name().unwrap() == "postgres.log").then_some(path),
            }
        });
        let path = found.unwrap();
        let at = std::fs::read(&path).unwrap().len();
        Self { path, at }
    }

    /// SQLSTATEs with one message each, and how often they came.
    fn errors(&mut self) -> BTreeMap<String, (usize, String)> {
        let bytes = std::fs::read(&self.path).unwrap();
        if bytes.len() < self.at {
            self.at = 0;
        }
        let text = String::from_utf8_lossy(&bytes[self.at..]).into_owned();
        self.at = bytes.len();
        let mut errors = BTreeMap::new();
        for line in text.lines() {
            for level in ["ERROR:  ", "FATAL:  ", "PANIC:  "] {
                let Some((before, message)) = line.split_once(level) else {
                    continue;
                };
                let state = before.split_whitespace().last().unwrap_or("").to_owned();
                let state = if level.starts_with("ERROR") {
                    state
                } else {
                    format!("{} {state}", level.trim())
                };
                errors.entry(state).or_insert((0, message.to_owned())).0 += 1;
                break;
            }
        }
        errors
    }
}

/// What every table holds, and what tables, columns, functions and roles there are.
async fn state(owner: &tokio_postgres::Client) -> Vec<String> {
    let mut state = Vec::new();
    for table in ["public.kinds", "crm.lines", "crm.parts", "public.languages"] {
        let rows = owner
            .query(&format!("select t::text from {table} t order by 1"), &[])
            .await
            .unwrap();
        state.extend(rows.iter().map(|row| format!("{table}: {}", row.get::<_, String>(0))));
    }
    for query in [
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace where nspname !~ '^pg_' order by 1",
        "select attrelid::regclass::text || attname from pg_attribute join pg_class c on c.oid = attrelid where attnum > 0 and relkind <> 'i' and relnamespace::regnamespace::text !~ '^pg_' order by 1",
        "select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text !~ '^pg_' order by 1",
        "select rolname || rolsuper from pg_roles order by 1",
    ] {
        let rows = owner.query(query, &[]).await.unwrap();
        state.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    state
}

#[test]
fn no_string_reaches_postgres_as_anything_but_a_value() {
    let schema = format!("{}{}", include_str!("../fixtures/kinds.sql"), MORE);
    let resources = [
        ("kinds", ALL),
        (
            "lines",
            "table = \"crm.lines\"\n[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\n",
        ),
        ("parts", "table = \"crm.parts\"\n[access]\nread = [\"public\"]\n"),
        ("made", ALL),
        ("languages", ALL),
        ("plain_view", READ),
        ("sum_view", READ),
        ("kept", READ),
    ];
    let setup = Setup {
        schema: &schema,
        resources: &resources,
        limits: Limits {
            tx_rollback: true,
            ..Limits::default()
        },
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        let owner = app.owner().await;
        let kept = app.post("/api/kinds", ROW).await.is(201).json();
        app.post("/api/kinds", r#"{"a_text":"kept too","a_int4":9}"#)
            .await
            .is(201);
        owner
            .batch_execute(
                "insert into crm.lines values (1, 1, 1, 'a'), (2, 1, 1, 'b'), (3, 2, 2, 'c');
                 insert into crm.parts values (1, 1, 1);
                 insert into public.languages (id, query, words) values (1, 'a & b', 'a b');",
            )
            .await
            .unwrap();
        let columns: Vec<String> = kept.as_object().unwrap().keys().cloned().collect();
        let strings = all();
        assert!(strings.len() >= 150 && strings.iter().collect::<BTreeSet<_>>().len() == strings.len());
        let before = state(&owner).await;
        let mut log = Log::of(&app.directory.join(".windlass"));
        // It is really read.
        assert!(owner.batch_execute("select from not_there").await.is_err());
        assert_eq!(log.errors().keys().collect::<Vec<_>>(), ["42P01"]);
        let places: Vec<Place> = [queries(&columns), headers(), bodies(&columns)]
            .into_iter()
            .flatten()
            .collect();
        assert!(places.len() > 300, "{}", places.len());

        let (mut sent, mut wrong) = (0, Vec::new());
        let mut stored: BTreeSet<String> = BTreeSet::new();
        // All of them everywhere are 110,000 requests, which take minutes: EVERY_STRING=1 sends these. Otherwise each place
        // gets every second string, and each of the many columns every fourth, none the same as its neighbour.
        let every = std::env::var_os("EVERY_STRING").is_some();
        for (number, (place, make)) in places.iter().enumerate() {
            let step = match place.starts_with(COLUMN) {
                _ if every => 1,
                true => 4,
                false => 2,
            };
            let some = strings.iter().skip(number % step).step_by(step);
            let requests: Vec<(String, Sent)> = some.map(|string| (string.clone(), make(string))).collect();
            let answers = futures_util::stream::iter(requests)
                .map(|(string, request)| async { (string, send(&app, request).await) })
                .buffer_unordered(6)
                .collect::<Vec<_>>()
                .await;
            for (string, answer) in answers {
                let Some(answer) = answer else { continue };
                sent += 1;
                if answer.status >= 500 {
                    wrong.push(format!("{place} {string:.60?}: {} {}", answer.status, answer.text));
                }
                if place == "POST made" && answer.status == 201 {
                    let row = answer.json();
                    let meta = json!({string.as_str(): [string.as_str()]});
                    if row["name"] != string.as_str() || row["note"] != row["name"] || row["meta"] != meta {
                        wrong.push(format!("{string:?} became {row}"));
                    }
                    stored.insert(string);
                }
            }
            for (state, (count, message)) in log.errors() {
                // The one language of a type that is left to Postgres.
                if state == "42601" && place == "PATCH languages path" {
                    continue;
                }
                if state.starts_with("42") && state != "42501" || state.contains(':') || state.starts_with("XX") {
                    wrong.push(format!("{place}: {count} times {state} {message:.200}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(sent > 25_000, "{sent}");
        assert_eq!(state(&owner).await, before);
        let made = owner
            .query("select name from made where name <> 'key'", &[])
            .await
            .unwrap();
        let made: Vec<String> = made.iter().map(|row| row.get(0)).collect();
        assert_eq!(made.iter().cloned().collect::<BTreeSet<_>>(), stored);
        assert!(
            made.len() == stored.len() && stored.len() > 75 * (1 + usize::from(every)),
            "{}",
            stored.len()
        );
    });
}

#[test]
fn a_pattern_that_runs_long_is_cut_off() {
    let setup = Setup {
        lanes: LaneOptions {
            statement_timeout: Duration::from_millis(600),
            ..Setup::default().lanes
        },
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        app.post("/api/people", r#"{"email":"a@example.com","name":"A"}"#)
            .await
            .is(201);
        let notes: String = "a".repeat(4_001);
        app.post(
            "/api/notes",
            &json!({"person_id": 1, "seq": 1, "body": notes}).to_string(),
        )
        .await
        .is(201);
        // Back references are what no automaton decides.
        for pattern in [r"^(a*)(a*)(a*)\1\2\3$", r"(a*)*(a*)*\1\2b", r"(.+)+\1{5}x"] {
            let started = Instant::now();
            let answer = app.get(&format!("/api/notes?body=match.{}", encoded(pattern))).await;
            assert!(
                started.elapsed() < Duration::from_secs(5),
                "{pattern}: {:?}",
                started.elapsed()
            );
            assert!([200, 504].contains(&answer.status), "{pattern}: {}", answer.text);
            if answer.status == 504 {
                assert_eq!(answer.json()["code"], "statement_timeout");
            }
        }
        let slow = app
            .get(&format!("/api/notes?body=match.{}", encoded(r"^(a*)(a*)(a*)\1\2\3$")))
            .await
            .is(504);
        assert_eq!(slow.json()["code"], "statement_timeout");
        // The lane is as good as new.
        app.get("/api/notes?body=match.^a&select=seq").await.is(200);
    });
}
