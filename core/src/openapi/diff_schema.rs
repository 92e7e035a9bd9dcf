//! Two JSON Schemas: is what one accepts still accepted, is what one promised still kept?

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::diff::{Report, resolve};
use super::diff_bounds;

/// Which way the values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the client: a schema that got narrower breaks it.
    Request,
    /// To the client: a schema that got wider breaks it.
    Reply,
}

/// Two documents whose schemas are compared.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a> {
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
    pub(super) direction: Direction,
}

/// Keywords that are compared as a whole: a change of them is taken for breaking.
const OPAQUE: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
    "prefixItems",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contentEncoding",
    "contentMediaType",
];

impl<'a> Schemas<'a> {
    /// Reports how the new schema differs at this place.
    pub(super) fn compare(self, old: &'a Value, new: &'a Value, at: &str, report: &mut Report) {
        Comparison {
            schemas: self,
            under: HashSet::new(),
        }
        .schema(old, new, at, report);
    }
}

struct Comparison<'a> {
    schemas: Schemas<'a>,
    /// Pairs of schemas that are being compared, by address: schemas may contain themselves.
    under: HashSet<(*const Value, *const Value)>,
}

impl<'a> Comparison<'a> {
    fn is_request(&self) -> bool {
        self.schemas.direction == Direction::Request
    }

    /// A change that takes values away (or, for `narrower` false, adds some).
    fn told(&self, narrower: bool, at: &str, what: impl Into<String>, report: &mut Report) {
        report.add(narrower == self.is_request(), at, what);
    }

    fn schema(&mut self, old: &'a Value, new: &'a Value, at: &str, report: &mut Report) {
        let (old, new) = (resolve(self.schemas.old, old), resolve(self.schemas.new, new));
        let pair = (std::ptr::from_ref(old), std::ptr::from_ref(new));
        if !self.under.insert(pair) {
            return;
        }
        match (alternatives(old), alternatives(new)) {
            (None, None) => self.keywords(old, new, at, report),
            (before, after) => {
                if before.is_some() && after.is_some() {
                    self.keywords(old, new, at, report);
                }
                let single = |schema: &'a Value| vec![schema];
                self.union(
                    before.unwrap_or_else(|| single(old)),
                    after.unwrap_or_else(|| single(new)),
                    at,
                    report,
                );
            }
        }
        self.under.remove(&pair);
    }

    /// Each alternative of the side that must be kept needs one on the other side that takes it in.
    fn union(&mut self, old: Vec<&'a Value>, new: Vec<&'a Value>, at: &str, report: &mut Report) {
        let (must, may) = if self.is_request() { (&old, &new) } else { (&new, &old) };
        for (index, one) in must.iter().enumerate() {
            let mut trials: Vec<Report> = Vec::new();
            for other in may {
                let mut trial = Report::default();
                let (before, after) = if self.is_request() {
                    (*one, *other)
                } else {
                    (*other, *one)
                };
                self.schema(before, after, at, &mut trial);
                trials.push(trial);
            }
            let best = trials
                .iter()
                .position(|trial| !trial.changes.iter().any(|change| change.breaking));
            // Nothing fits: the likeliest counterpart is told about, in full; else that it has none.
            let likely = best.or_else(|| (old.len() == new.len()).then_some(index));
            match likely.and_then(|index| trials.into_iter().nth(index)) {
                Some(trial) => trial
                    .changes
                    .into_iter()
                    .for_each(|change| report.add(change.breaking, &change.at, change.what)),
                None => {
                    let name = label(
                        if self.is_request() {
                            self.schemas.old
                        } else {
                            self.schemas.new
                        },
                        one,
                    );
                    report.add(
                        true,
                        at,
                        if self.is_request() {
                            format!("{name} is not taken any more")
                        } else {
                            format!("may be {name} now")
                        },
                    );
                }
            }
        }
        if new.len() > old.len() && self.is_request() {
            report.add(false, at, "has more alternatives");
        }
    }

    fn keywords(&mut self, old: &'a Value, new: &'a Value, at: &str, report: &mut Report) {
        let empty = Map::new();
        match (old, new) {
            (Value::Bool(false), Value::Bool(false)) => return,
            (Value::Bool(false), _) => return self.told(false, at, "takes values now", report),
            (_, Value::Bool(false)) => return self.told(true, at, "takes no value any more", report),
            _ => {}
        }
        self.types(old, new, at, report);
        self.labels(old, new, at, report);
        diff_bounds::bounds(old, new, self.is_request(), at, report);
        self.words(old, new, at, report);
        self.properties(old, new, at, report);
        if let Some((before, after)) = both(old, new, "items") {
            self.schema(before, after, &format!("{at}[]"), report);
        }
        let list = |schema: &'a Value| {
            schema
                .get("allOf")
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice)
        };
        let (before, after) = (list(old), list(new));
        if before.len() == after.len() {
            for (one, other) in before.iter().zip(after) {
                self.schema(one, other, at, report);
            }
        } else {
            self.told(
                after.len() > before.len(),
                at,
                "other rules apply together (`allOf`)",
                report,
            );
        }
        let (one, other) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
        for key in OPAQUE {
            if one.get(*key) != other.get(*key) {
                report.add(true, at, format!("`{key}` changed"));
            }
        }
    }

    fn types(&self, old: &Value, new: &Value, at: &str, report: &mut Report) {
        let (before, after) = (types(old), types(new));
        let told = |types: &Option<Vec<&str>>| {
            types
                .as_ref()
                .map_or_else(|| "anything".to_owned(), |types| types.join(" or "))
        };
        let covers = |wide: &Option<Vec<&str>>, narrow: &Option<Vec<&str>>| match (wide, narrow) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => narrow
                .iter()
                .all(|name| wide.contains(name) || (*name == "integer" && wide.contains(&"number"))),
        };
        let (wider, narrower) = (covers(&after, &before), covers(&before, &after));
        if !(wider && narrower) {
            let what = format!("is {}, was {}", told(&after), told(&before));
            let kept = if self.is_request() { wider } else { narrower };
            report.add(!kept, at, what);
        }
    }

    fn labels(&self, old: &Value, new: &Value, at: &str, report: &mut Report) {
        let list = |schema: &Value| {
            let one = schema.get("const").map(|value| vec![value.clone()]);
            one.or_else(|| schema.get("enum").and_then(Value::as_array).cloned())
        };
        match (list(old), list(new)) {
            (Some(before), Some(after)) => {
                for gone in before.iter().filter(|value| !after.contains(value)) {
                    self.told(true, at, format!("the value {gone} is gone"), report);
                }
                for fresh in after.iter().filter(|value| !before.contains(value)) {
                    self.told(false, at, format!("the value {fresh} is new"), report);
                }
            }
            (None, Some(after)) => self.told(true, at, format!("takes only {} now", Value::Array(after)), report),
            (Some(_), None) => self.told(false, at, "is not a choice of fixed values any more", report),
            (None, None) => {}
        }
    }

    /// `format` and `pattern`: whether one is narrower than the other is not known, only whether there is one.
    fn words(&self, old: &'a Value, new: &'a Value, at: &str, report: &mut Report) {
        for key in ["format", "pattern"] {
            let (before, after) = (old.get(key), new.get(key));
            let told = |value: Option<&Value>| {
                value.map_or_else(
                    || "none".to_owned(),
                    |value| format!("`{}`", value.as_str().unwrap_or("")),
                )
            };
            if before != after {
                let word = |value: Option<&'a Value>| value.and_then(Value::as_str).unwrap_or_default();
                let wider = [("int32", "int64"), ("float", "double")].contains(&(word(before), word(after)));
                let narrower = [("int32", "int64"), ("float", "double")].contains(&(word(after), word(before)));
                // Readers parse by format, but do not mind patterns.
                let breaking = if self.is_request() {
                    after.is_some() && !wider
                } else if narrower {
                    false
                } else {
                    key == "format" && before.is_some()
                };
                report.add(
                    breaking,
                    at,
                    format!("the {key} is {}, was {}", told(after), told(before)),
                );
            }
        }
    }

    fn properties(&mut self, old: &'a Value, new: &'a Value, at: &str, report: &mut Report) {
        let members = |schema: &'a Value| {
            schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
        };
        let closed = |schema: &Value| schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, one) in members(old) {
            let here = format!("{at}.{name}");
            match new.get("properties").and_then(|properties| properties.get(name)) {
                Some(other) => self.schema(one, other, &here, report),
                None => report.add(!self.is_request() || closed(new), &here, "the property is gone"),
            }
        }
        let (before, after) = (required(old), required(new));
        for (name, _) in members(new) {
            if old
                .get("properties")
                .and_then(|properties| properties.get(name))
                .is_none()
            {
                let needed = self.is_request() && after.contains(&name.as_str());
                let what = if needed {
                    "the property is new and required"
                } else {
                    "the property is new"
                };
                report.add(needed, &format!("{at}.{name}"), what);
            } else if after.contains(&name.as_str()) && !before.contains(&name.as_str()) {
                self.told(true, &format!("{at}.{name}"), "is required now", report);
            } else if before.contains(&name.as_str()) && !after.contains(&name.as_str()) {
                self.told(
                    false,
                    &format!("{at}.{name}"),
                    if self.is_request() {
                        "is not required any more"
                    } else {
                        "may be absent now"
                    },
                    report,
                );
            }
        }
        let open = Value::Bool(true);
        let further = |schema: &'a Value| schema.get("additionalProperties");
        match (further(old).unwrap_or(&open), further(new).unwrap_or(&open)) {
            (Value::Bool(one), Value::Bool(other)) => {
                if one != other && self.is_request() {
                    report.add(
                        !other,
                        at,
                        if *other {
                            "takes unknown properties now"
                        } else {
                            "refuses unknown properties now"
                        },
                    );
                }
            }
            _ => {
                if let Some((one, other)) = both(old, new, "additionalProperties") {
                    self.schema(one, other, &format!("{at}.*"), report);
                }
            }
        }
    }
}

/// The values of a keyword, where at least one side has it; a missing one takes everything.
fn both<'a>(old: &'a Value, new: &'a Value, key: &str) -> Option<(&'a Value, &'a Value)> {
    static ANYTHING: Value = Value::Bool(true);
    let (before, after) = (old.get(key), new.get(key));
    (before.is_some() || after.is_some()).then(|| (before.unwrap_or(&ANYTHING), after.unwrap_or(&ANYTHING)))
}

fn alternatives(schema: &Value) -> Option<Vec<&Value>> {
    let list = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    Some(list.iter().collect())
}

fn label(document: &Value, schema: &Value) -> String {
    let component = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|target| target.rsplit('/').next());
    match component {
        Some(name) => name.to_owned(),
        None => {
            types(resolve(document, schema)).map_or_else(|| "an alternative".to_owned(), |types| types.join(" or "))
        }
    }
}

fn types(schema: &Value) -> Option<Vec<&str>> {
    match schema.get("type")? {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

fn required(schema: &Value) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}
