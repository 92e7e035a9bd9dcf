//! Reads the tables of requests and replies in `tests/fixtures/dialect/`, and asks each request of a service.
//!
//! ```text
//! # What the requests below are about.
//! people?select=name&id=eq.1            a GET below /api/; other methods stand in front: `PATCH people?id=eq.1`
//! prefer: count=exact                   headers of the request
//! {"name":"Ada"}                        its body
//!     200 [{"name":"Ada"}]              the reply, indented: its status and whole body,
//!     400 bad_query a part of its text  or of a refusal its code and a part of what it says
//!     content-range: 0-0/1              some of its headers; `name: -` where there is none
//!     | line of a body                  a body of several lines
//! ```
//!
//! Requests run in the order of the file: a write is seen by those below it.

use reqwest::Method;

use super::uri;
use crate::app::{Answer, App};

/// A table: the name of its file, and its text.
pub type Table = (&'static str, &'static str);

/// One request and what answers it.
#[derive(Debug, Default)]
pub struct Case<'a> {
    /// The line of its request, counted from 1.
    line: usize,
    method: Method,
    path: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a str,
    reply: Reply<'a>,
}

#[derive(Debug, Default)]
struct Reply<'a> {
    status: u16,
    rest: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    lines: Vec<&'a str>,
}

impl Case<'_> {
    /// What tells it from all others: all that is sent.
    pub fn request(&self) -> String {
        format!("{} {} {:?} {}", self.method, self.path, self.headers, self.body)
    }
}

/// The cases of a table.
pub fn read(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    let mut answered = true;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_prefix("    ") {
            Some(reply) => {
                let case = cases.last_mut().unwrap();
                say(&mut case.reply, reply, !answered);
                answered = true;
            }
            None if answered => {
                cases.push(begin(line, number + 1));
                answered = false;
            }
            None => {
                let case = cases.last_mut().unwrap();
                match header(line).filter(|_| !line.starts_with(['{', '[', '"'])) {
                    Some(header) => case.headers.push(header),
                    None => case.body = line,
                }
            }
        }
    }
    assert!(answered, "the last request has no reply");
    cases
}

fn begin(line: &str, number: usize) -> Case<'_> {
    let (method, path) = match line.split_once(' ') {
        Some((word, path)) if word.bytes().all(|byte| byte.is_ascii_uppercase()) => (word.parse().unwrap(), path),
        _ => (Method::GET, line),
    };
    Case {
        line: number,
        method,
        path,
        ..Case::default()
    }
}

fn say<'a>(reply: &mut Reply<'a>, line: &'a str, first: bool) {
    if first {
        let (status, rest) = line.split_once(' ').unwrap_or((line, ""));
        reply.status = status.parse().unwrap();
        reply.rest = rest;
    } else if let Some(line) = line.strip_prefix('|') {
        reply.lines.push(line.strip_prefix(' ').unwrap_or(line));
    } else {
        reply.headers.push(header(line).unwrap());
    }
}

fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    plain.then_some((name, value))
}

/// Asks all of the tables, and shows what came instead of what was expected.
pub async fn ask(app: &App, tables: &[Table]) {
    let (mut asked, mut wrong) = (0, Vec::new());
    for (name, text) in tables {
        for case in read(text) {
            asked += 1;
            let answer = sent(app, &case).await;
            if !fits(&case, &answer) {
                let place = format!("{name}.txt:{}: {}", case.line, case.path);
                wrong.push(format!("{place}\n{}", shown(&case, &answer)));
            }
        }
    }
    let count = wrong.len();
    assert!(
        wrong.is_empty(),
        "{count} of {asked} are answered otherwise:\n{}",
        wrong.join("\n")
    );
}

async fn sent(app: &App, case: &Case<'_>) -> Answer {
    let mut request = app.request(case.method.clone(), &uri(&format!("/api/{}", case.path)));
    for (name, value) in &case.headers {
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

fn fits(case: &Case<'_>, answer: &Answer) -> bool {
    let reply = &case.reply;
    let headers = reply.headers.iter().all(|(name, value)| match *value {
        "-" => !answer.headers.contains_key(*name),
        value => answer.header(name) == value,
    });
    let refused = answer.status >= 400 || answer.status == 300;
    let body = if refused && case.method != Method::HEAD {
        let (code, says) = reply.rest.split_once(' ').unwrap_or((reply.rest, ""));
        let json = answer.json();
        let text = answer.text.replace("\\\"", "\"").replace("\\\\", "\\");
        json["code"] == code && json["status"] == answer.status && text.contains(says)
    } else if reply.lines.is_empty() {
        answer.text == reply.rest
    } else {
        let lines: Vec<&str> = answer.text.lines().collect();
        lines == reply.lines
    };
    answer.status == reply.status && headers && body
}

/// A reply as it would stand in the table.
fn shown(case: &Case<'_>, answer: &Answer) -> String {
    let mut shown = format!("    {} {}", answer.status, said(answer));
    if !case.reply.lines.is_empty() {
        let lines = answer.text.lines().map(|line| format!("\n    | {line}"));
        shown = format!("    {}{}", answer.status, lines.collect::<String>());
    }
    for (name, _) in &case.reply.headers {
        let value = answer.headers.get(*name).map_or("-", |value| value.to_str().unwrap());
        shown.push_str(&format!("\n    {name}: {value}"));
    }
    shown
}

/// A body, or what a refusal says.
fn said(answer: &Answer) -> String {
    if answer.status != 300 && answer.status < 400 {
        return answer.text.clone();
    }
    let json: serde_json::Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let texts = ["code", "message", "details", "hint"].map(|member| json[member].as_str().unwrap_or_default());
    texts.join(" | ")
}
