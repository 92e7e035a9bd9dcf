//! What changed between two documents, and whether a client that worked with the old one may fail on the new one.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::diff_schema::{Direction, Schemas};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Whether a client that keeps to the old document may fail.
    pub breaking: bool,
    /// Where it is: `POST /api/leads · body.score`, `GET /api/leads · 200[].email`.
    pub at: String,
    /// What it is, as a phrase: `may be at most 50, was 100`.
    pub what: String,
}

const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

/// Compares two `OpenAPI` 3.1 documents, in the order of the old one, then what is new.
///
/// Requests may only be widened, replies only narrowed: a client sends what the old document allowed and reads what it
/// promised. Texts, examples and error replies do not count.
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut report = Report::default();
    let (old_paths, new_paths) = (paths(old), paths(new));
    for (path, old_item) in &old_paths {
        let Some((_, new_item)) = new_paths.iter().find(|(other, _)| is_same(path, other)) else {
            report.add(true, path, "the path is gone");
            continue;
        };
        for method in METHODS {
            let at = format!("{} {path}", method.to_uppercase());
            match (old_item.get(method), new_item.get(method)) {
                (Some(_), None) => report.add(true, &at, "the operation is gone"),
                (None, Some(_)) => report.add(false, &at, "the operation is new"),
                (Some(_), Some(_)) => {
                    let old = Side {
                        document: old,
                        item: old_item,
                        method,
                    };
                    let new = Side {
                        document: new,
                        item: new_item,
                        method,
                    };
                    operation(&old, &new, &at, &mut report);
                }
                (None, None) => {}
            }
        }
    }
    for (path, _) in &new_paths {
        if !old_paths.iter().any(|(other, _)| is_same(path, other)) {
            report.add(false, path, "the path is new");
        }
    }
    report.changes
}

/// Changes so far; each is told once, though several media types may share it.
#[derive(Default)]
pub(super) struct Report {
    pub(super) changes: Vec<Change>,
    seen: HashSet<(String, String)>,
}

impl Report {
    pub(super) fn add(&mut self, breaking: bool, at: &str, what: impl Into<String>) {
        let what = what.into();
        if self.seen.insert((at.to_owned(), what.clone())) {
            self.changes.push(Change {
                breaking,
                at: at.to_owned(),
                what,
            });
        }
    }
}

fn paths(document: &Value) -> Vec<(&String, &Value)> {
    members(document.get("paths")).collect()
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Whether two templates match the same paths: the names of parameters do not count.
fn is_same(one: &str, other: &str) -> bool {
    nameless(one) == nameless(other)
}

fn nameless(template: &str) -> String {
    let mut text = String::with_capacity(template.len());
    let mut inside = false;
    for c in template.chars() {
        match c {
            '{' => inside = true,
            '}' => inside = false,
            _ if inside => continue,
            _ => {}
        }
        text.push(c);
    }
    text
}

/// An operation in its document.
struct Side<'a> {
    document: &'a Value,
    item: &'a Value,
    method: &'a str,
}

impl<'a> Side<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.item
            .get(self.method)?
            .get(key)
            .map(|value| resolve(self.document, value))
    }

    /// Parameters of the operation, then those of its path that it does not replace.
    fn parameters(&self) -> Vec<&'a Value> {
        let own = self
            .item
            .get(self.method)
            .and_then(|operation| operation.get("parameters"));
        let all = own.into_iter().chain(self.item.get("parameters"));
        let all = all.filter_map(Value::as_array).flatten();
        let mut known = HashSet::new();
        all.map(|parameter| resolve(self.document, parameter))
            .filter(|parameter| known.insert(identity(parameter)))
            .collect()
    }

    /// The alternatives of `security`, the operation's or the document's; none means that anybody may.
    fn security(&self) -> Vec<&'a Map<String, Value>> {
        let own = self
            .item
            .get(self.method)
            .and_then(|operation| operation.get("security"));
        let alternatives = own.or(self.document.get("security")).and_then(Value::as_array);
        alternatives
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .collect()
    }
}

/// What a `$ref` points at, or the value itself.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    for _ in 0..32 {
        let target = value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|target| target.strip_prefix('#'));
        match target.and_then(|pointer| document.pointer(pointer)) {
            Some(found) => value = found,
            None => break,
        }
    }
    value
}

fn identity(parameter: &Value) -> (&str, String) {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or("");
    let place = text("in");
    // Names of headers have no case.
    let name = if place == "header" {
        text("name").to_ascii_lowercase()
    } else {
        text("name").to_owned()
    };
    (place, name)
}

fn operation(old: &Side<'_>, new: &Side<'_>, at: &str, report: &mut Report) {
    security(old, new, at, report);
    parameters(old, new, at, report);
    request(old, new, at, report);
    replies(old, new, at, report);
}

fn security(old: &Side<'_>, new: &Side<'_>, at: &str, report: &mut Report) {
    let (before, after) = (old.security(), new.security());
    let open =
        |alternatives: &[&Map<String, Value>]| alternatives.is_empty() || alternatives.iter().any(|a| a.is_empty());
    if open(&after) {
        if !open(&before) {
            report.add(false, at, "needs no credentials any more");
        }
        return;
    }
    if open(&before) {
        report.add(true, at, "needs credentials now");
        return;
    }
    let scopes = |value: &Value| -> HashSet<String> {
        let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    };
    let suffices = |have: &Map<String, Value>, need: &Map<String, Value>| {
        need.iter().all(|(scheme, wanted)| {
            have.get(scheme)
                .is_some_and(|held| scopes(held).is_superset(&scopes(wanted)))
        })
    };
    let refused = before
        .iter()
        .find(|have| !after.iter().any(|need| suffices(have, need)));
    if let Some(have) = refused {
        let names: Vec<&str> = have.keys().map(String::as_str).collect();
        report.add(
            true,
            at,
            format!("credentials of {} do not suffice any more", names.join(" and ")),
        );
    }
}

fn parameters(old: &Side<'_>, new: &Side<'_>, at: &str, report: &mut Report) {
    let (before, after) = (old.parameters(), new.parameters());
    // The names of path parameters may change: they are told apart by their order.
    let in_path = |parameters: &[&Value]| -> Vec<String> {
        let parameters = parameters.iter().map(|parameter| identity(parameter));
        parameters
            .filter(|(place, _)| *place == "path")
            .map(|(_, name)| name)
            .collect()
    };
    let (old_path, new_path) = (in_path(&before), in_path(&after));
    let same = |one: &Value, other: &Value| {
        let (one, other) = (identity(one), identity(other));
        let position = |names: &[String], name: &String| names.iter().position(|known| known == name);
        match (one.0, other.0) {
            ("path", "path") => position(&old_path, &one.1) == position(&new_path, &other.1),
            _ => one == other,
        }
    };
    for parameter in &before {
        let (place, name) = identity(parameter);
        let here = format!("{at} · {place} {name}");
        let Some(other) = after.iter().find(|other| same(parameter, other)) else {
            report.add(true, &here, "the parameter is gone");
            continue;
        };
        match (is_required(parameter), is_required(other)) {
            (false, true) => report.add(true, &here, "is required now"),
            (true, false) => report.add(false, &here, "is not required any more"),
            _ => {}
        }
        let none = Value::Bool(true);
        let (one, two) = (
            parameter.get("schema").unwrap_or(&none),
            other.get("schema").unwrap_or(&none),
        );
        Schemas {
            old: old.document,
            new: new.document,
            direction: Direction::Request,
        }
        .compare(one, two, &here, report);
        default(one, two, &name, &here, report);
    }
    for parameter in &after {
        if before.iter().any(|other| same(other, parameter)) {
            continue;
        }
        let (place, name) = identity(parameter);
        let required = is_required(parameter);
        let what = if required {
            "the parameter is new and required"
        } else {
            "the parameter is new"
        };
        report.add(required, &format!("{at} · {place} {name}"), what);
    }
}

fn is_required(value: &Value) -> bool {
    value.get("required").and_then(Value::as_bool).unwrap_or(false)
}

/// A smaller page than before takes rows away from clients that never asked for a `limit`.
fn default(old: &Value, new: &Value, name: &str, at: &str, report: &mut Report) {
    let (before, after) = (old.get("default"), new.get("default"));
    let told = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), Value::to_string);
    if before != after {
        let number = |value: Option<&Value>| value.and_then(Value::as_f64);
        let smaller = number(before)
            .zip(number(after))
            .is_some_and(|(before, after)| after < before);
        let breaking = name == "limit" && (smaller || before.is_none());
        report.add(
            breaking,
            at,
            format!("the default is {}, was {}", told(after), told(before)),
        );
    }
}

fn request(old: &Side<'_>, new: &Side<'_>, at: &str, report: &mut Report) {
    let here = format!("{at} · body");
    match (old.get("requestBody"), new.get("requestBody")) {
        (Some(_), None) => report.add(true, &here, "no body is taken any more"),
        (None, Some(body)) => {
            let required = is_required(body);
            report.add(
                required,
                &here,
                if required {
                    "a body is required now"
                } else {
                    "a body may be sent now"
                },
            );
        }
        (Some(before), Some(after)) => {
            if is_required(after) && !is_required(before) {
                report.add(true, &here, "a body is required now");
            }
            contents(old, new, (before, after), Direction::Request, &here, report);
        }
        (None, None) => {}
    }
}

fn replies(old: &Side<'_>, new: &Side<'_>, at: &str, report: &mut Report) {
    let success = |status: &str| status.starts_with('2');
    let (before, after) = (old.get("responses"), new.get("responses"));
    for (status, reply) in members(before).filter(|(status, _)| success(status)) {
        let here = format!("{at} · {status}");
        let Some(other) = after.and_then(|replies| replies.get(status)) else {
            report.add(true, &here, "this success is not answered any more");
            continue;
        };
        let (reply, other) = (resolve(old.document, reply), resolve(new.document, other));
        contents(old, new, (reply, other), Direction::Reply, &here, report);
        for (name, _) in members(reply.get("headers")) {
            let kept = members(other.get("headers")).any(|(known, _)| known.eq_ignore_ascii_case(name));
            if !kept {
                report.add(true, &here, format!("the header {name} is gone"));
            }
        }
    }
    for (status, _) in members(after).filter(|(status, _)| success(status)) {
        if before.is_none_or(|replies| replies.get(status).is_none()) {
            report.add(false, &format!("{at} · {status}"), "this success is new");
        }
    }
}

/// Compares the media types of a body or reply, and the schema of each.
fn contents(
    old: &Side<'_>,
    new: &Side<'_>,
    pair: (&Value, &Value),
    direction: Direction,
    at: &str,
    report: &mut Report,
) {
    let (before, after) = (pair.0.get("content"), pair.1.get("content"));
    for (media, content) in members(before) {
        let Some(other) = after.and_then(|contents| contents.get(media)) else {
            report.add(true, at, format!("{media} is gone"));
            continue;
        };
        let schemas = Schemas {
            old: old.document,
            new: new.document,
            direction,
        };
        let none = Value::Bool(true);
        schemas.compare(
            content.get("schema").unwrap_or(&none),
            other.get("schema").unwrap_or(&none),
            at,
            report,
        );
    }
    for (media, _) in members(after) {
        if before.is_none_or(|contents| contents.get(media).is_none()) {
            report.add(false, at, format!("{media} is new"));
        }
    }
}
