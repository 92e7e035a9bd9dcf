//! `windlass.toml` and the environment, as text-shaped values that remember where they stand.
//!
//! Not read with figment: it keeps the file a value comes from, but not its line, and stops at the first mistake.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::keys::{self, KEYS};
use crate::diagnostic::Diagnostic;
use crate::suggest::nearest;

/// The settings file.
pub const FILE: &str = "windlass.toml";

/// Variables that begin like a section's and are read elsewhere.
const OTHERS: &[&str] = &["WINDLASS_POSTGRES_BIN"];

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Integer(String),
    Boolean(bool),
    List(Vec<Raw>),
    /// A table where no section is: of a list of them.
    Table(Vec<(String, Raw)>),
    /// Something that no setting is: its name in TOML.
    Other(&'static str),
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) value: Value,
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) column: usize,
    /// In the environment everything is text.
    pub(super) untyped: bool,
}

impl Raw {
    /// A mistake at this place.
    pub(super) fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            line: self.line,
            column: self.column,
            ..Diagnostic::file(&self.file, message)
        }
    }
}

/// The values by key, such as `http.listen`.
pub(super) type RawSettings = BTreeMap<&'static str, Raw>;

/// The variable that sets a key: `WINDLASS_HTTP_LISTEN`.
pub(super) fn variable(key: &str) -> String {
    format!("WINDLASS_{}", key.replace('.', "_").to_uppercase())
}

/// Reads the text of the file, then lays the environment over it.
pub(super) fn read(
    text: &str,
    environment: &HashMap<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> RawSettings {
    let mut found = RawSettings::new();
    let file = Path::new(FILE);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let start = error.span().map_or(0, |span| span.start);
        diagnostics.push(Diagnostic::at(file, text, start, error.message()));
    }
    flatten("", table.get_ref(), text, &mut found, diagnostics);
    for key in keys::names() {
        let name = variable(key);
        if let Some(value) = environment.get(&name) {
            let raw = Raw {
                value: Value::Text(value.clone()),
                file: PathBuf::from(name),
                line: 0,
                column: 0,
                untyped: true,
            };
            found.insert(key, raw);
        }
    }
    diagnostics.extend(mistyped(environment));
    found
}

/// Variables that name a section of ours, but no key of it. Others that begin with `WINDLASS_` are nobody's mistake.
fn mistyped(environment: &HashMap<String, String>) -> Vec<Diagnostic> {
    let known: Vec<String> = keys::names().map(variable).collect();
    let mut wrong: Vec<Diagnostic> = environment
        .keys()
        .filter(|name| !known.contains(name) && !OTHERS.contains(&name.as_str()))
        .filter(|name| {
            let inside = |section: &str| name.strip_prefix(&variable(section))?.strip_prefix('_');
            keys::sections().any(|section| inside(section).is_some_and(|rest| !is_of_kubernetes(rest)))
        })
        .map(|name| {
            let wrong = Diagnostic::file(name, "there is no setting of this name");
            match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => wrong.with_help(format!("did you mean `{near}`?")),
                None => wrong,
            }
        })
        .collect();
    wrong.sort_by(|a, b| a.file.cmp(&b.file));
    wrong
}

/// What follows the name in the variables that Kubernetes gives every container for each service: one named
/// `windlass-http` makes WINDLASS_HTTP_PORT and WINDLASS_HTTP_SERVICE_HOST.
fn is_of_kubernetes(rest: &str) -> bool {
    ["PORT", "SERVICE_HOST", "SERVICE_PORT"].iter().any(|word| {
        rest.strip_prefix(word)
            .is_some_and(|more| more.is_empty() || more.starts_with('_'))
    })
}

fn flatten(prefix: &str, table: &DeTable<'_>, text: &str, found: &mut RawSettings, diagnostics: &mut Vec<Diagnostic>) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        let inside = format!("{key}.");
        if let Some(known) = keys::find(&key) {
            found.insert(known.name, raw(value.get_ref(), value.span().start, text));
            continue;
        }
        let is_section = KEYS.iter().any(|known| known.name.starts_with(&inside));
        match value.get_ref() {
            DeValue::Table(table) if is_section => flatten(&inside, table, text, found, diagnostics),
            _ if is_section => diagnostics.push(Diagnostic::at(
                Path::new(FILE),
                text,
                value.span().start,
                format!("`{key}` is a section: write `[{key}]`"),
            )),
            _ => {
                let mut wrong = Diagnostic::at(
                    Path::new(FILE),
                    text,
                    name.span().start,
                    format!("there is no setting `{key}`"),
                );
                wrong.help = suggestion(&key).map(|near| format!("did you mean `{near}`?"));
                diagnostics.push(wrong);
            }
        }
    }
}

/// The known key or section that `key` is most likely meant to be.
fn suggestion(key: &str) -> Option<&'static str> {
    let last = key.rsplit('.').next().unwrap_or(key);
    // Right, but in the wrong section.
    let misplaced = keys::names().find(|known| known.rsplit('.').next() == Some(last));
    misplaced.or_else(|| nearest(key, keys::names().chain(keys::sections())))
}

fn raw(value: &DeValue<'_>, start: usize, text: &str) -> Raw {
    let place = Diagnostic::at(Path::new(FILE), text, start, "");
    Raw {
        value: match value {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Integer(number) if number.radix() == 10 => Value::Integer(number.as_str().to_owned()),
            DeValue::Boolean(yes) => Value::Boolean(*yes),
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| raw(item.get_ref(), item.span().start, text))
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(
                table
                    .iter()
                    .map(|(name, item)| {
                        let item = raw(item.get_ref(), item.span().start, text);
                        (name.get_ref().clone().into_owned(), item)
                    })
                    .collect(),
            ),
            other => Value::Other(other.type_str()),
        },
        file: place.file,
        line: place.line,
        column: place.column,
        untyped: false,
    }
}
