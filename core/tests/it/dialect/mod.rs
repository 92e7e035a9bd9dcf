//! The query dialect over a schema of its own: tables of request → status, headers and body.

mod counts;
mod embed;
mod filters;
mod malformed;
mod order;
mod plans;
mod select;

use serde_json::Value;

use crate::app::{App, Setup, with_app};

pub const SCHEMA: &str = include_str!("../../fixtures/dialect.sql");

const READ: &str = "[access]\nread = [\"public\"]\n";

/// Resource files of the schema.
pub const RESOURCES: &[(&str, &str)] = &[
    (
        "people",
        "[access]\nread = [\"public\"]\n[page]\nmax = 4\ndefault = 4\nmax_groups = 3\n",
    ),
    (
        "all",
        "table = \"public.people\"\n[access]\nread = [\"public\"]\n[page]\nmax_groups = 100\n",
    ),
    ("teams", READ),
    ("skills", READ),
    ("people_skills", READ),
    ("odd", "table = 'public.Odd, names'\n[access]\nread = [\"public\"]\n"),
    ("active_people", "key = [\"id\"]\n[access]\nread = [\"public\"]\n"),
];

/// Runs a test over the schema.
pub fn with_dialect<F, Fut>(test: F)
where
    F: FnOnce(std::sync::Arc<App>) -> Fut,
    Fut: std::future::Future<Output = ()>,
{
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, test);
}

/// Encodes what a URI cannot hold; what separates parameters stays.
pub fn uri(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'?' | b'&' | b'=' | b'%' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Asks each path; a table's row is the path, the status, and the body as JSON, or for a refusal a part of its details,
/// message or hint.
pub async fn ask(app: &App, cases: &[(&str, u16, &str)]) {
    let mut wrong = Vec::new();
    for (path, status, wanted) in cases {
        let answer = app.get(&uri(path)).await;
        let fits = if answer.status >= 400 {
            let json = answer.json();
            ["message", "details", "hint"]
                .iter()
                .any(|member| json[*member].as_str().is_some_and(|text| text.contains(wanted)))
        } else {
            let wanted: Value = serde_json::from_str(wanted).unwrap_or_default();
            answer.json() == wanted
        };
        if answer.status != *status || !fits {
            wrong.push(format!("{path}\n  {} {}", answer.status, answer.text));
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
