//! The settings in force, and where each comes from.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::checked::{self, Gathered};
use super::keys::{KEYS, Key};
use super::raw::{self, Raw, Value};
use crate::diagnostic::Diagnostic;
use crate::error::Result;

/// In the place of a secret.
const MASK: &str = "***";

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Such as `http.listen`.
    pub key: String,
    /// Its value in the file's syntax; secrets are masked, and an absent one is empty.
    pub value: String,
    /// Where the value comes from.
    pub source: Source,
    /// Its environment variable.
    pub variable: String,
    /// What it is for.
    pub description: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Source {
    /// Nothing sets it.
    Default,
    /// The project's file.
    File {
        /// The file, relative to the project.
        file: String,
        /// Counted from 1.
        line: usize,
    },
    /// The environment.
    Environment,
}

/// Every setting of the project in `directory`, in the order of the docs, and the mistakes among them.
///
/// Where a value is wrong, its default is shown: that is what holds.
///
/// # Errors
/// [`Code::ProjectMissing`](crate::error::Code::ProjectMissing) if there is no project.
pub fn effective(directory: &Path) -> Result<(Vec<Setting>, Vec<Diagnostic>)> {
    let (text, environment) = super::sources(directory)?;
    Ok(gather(&text, &environment))
}

fn gather(text: &str, environment: &HashMap<String, String>) -> (Vec<Setting>, Vec<Diagnostic>) {
    let found = checked::gather(text, environment);
    (KEYS.iter().map(|key| setting(key, &found)).collect(), found.wrong)
}

fn setting(key: &Key, found: &Gathered) -> Setting {
    let given = found.raw.get(key.name).filter(|_| !found.refused.contains(key.name));
    let source = match given {
        None => Source::Default,
        Some(raw) if raw.untyped => Source::Environment,
        Some(raw) => Source::File {
            file: raw.file.display().to_string(),
            line: raw.line,
        },
    };
    Setting {
        key: key.name.to_owned(),
        value: value(key, given, found),
        source,
        variable: raw::variable(key.name),
        description: key.description.to_owned(),
    }
}

fn value(key: &Key, given: Option<&Raw>, found: &Gathered) -> String {
    let settings = &found.settings;
    match (key.name, given) {
        // Never the text itself: it holds a password.
        ("database.url", _) => {
            let url = settings.database.url.as_ref();
            url.map_or_else(String::new, |url| quoted(&masked(url.reveal())))
        }
        ("auth.jwt.secret", Some(_)) => quoted(MASK),
        ("postgres.max_connections", None) => settings.postgres.max_connections.to_string(),
        ("http.listen", Some(raw)) if raw.untyped => {
            let addresses: Vec<String> = settings
                .http
                .listen
                .iter()
                .map(|one| quoted(&one.to_string()))
                .collect();
            match addresses.as_slice() {
                [one] => one.clone(),
                several => format!("[{}]", several.join(", ")),
            }
        }
        (_, Some(raw)) => written(key, &raw.value, raw.untyped),
        (_, None) => key.default.to_owned(),
    }
}

/// The value as it would stand in the file.
fn written(key: &Key, value: &Value, untyped: bool) -> String {
    match value {
        // In the environment everything is text, whatever the setting is.
        Value::Text(text) if untyped && !key.example.starts_with('"') => text.clone(),
        Value::Text(text) => quoted(text),
        Value::Integer(digits) => digits.clone(),
        Value::Boolean(yes) => yes.to_string(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| written(key, &item.value, untyped)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, item)| match name.as_str() {
                    "secret" => format!("{name} = {}", quoted(MASK)),
                    _ => format!("{name} = {}", written(key, &item.value, untyped)),
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Other(_) => String::new(),
    }
}

/// JSON's strings are TOML's basic strings.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The address as a URL, with a mask for the password.
fn masked(config: &Config) -> String {
    let ports = config.get_ports();
    let place = |(number, host): (usize, &Host)| {
        let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(place).collect();
    let user = config.get_user().unwrap_or_default();
    let password = if config.get_password().is_some() { ":***" } else { "" };
    let name = config.get_dbname().unwrap_or(user);
    format!("postgresql://{user}{password}@{}/{name}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, environment: &[(&str, &str)]) -> (HashMap<String, Setting>, Vec<Diagnostic>) {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let (settings, wrong) = gather(text, &environment);
        assert_eq!(settings.len(), KEYS.len());
        (settings.into_iter().map(|one| (one.key.clone(), one)).collect(), wrong)
    }

    #[test]
    fn each_value_has_its_source() {
        let file = |line| Source::File {
            file: "windlass.toml".to_owned(),
            line,
        };
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str, Source);
        let cases: &[Case<'_>] = &[
            ("", &[], "title", "\"Windlass\"", Source::Default),
            ("", &[], "database.url", "", Source::Default),
            ("", &[], "admin.socket", "", Source::Default),
            ("", &[], "postgres.max_connections", "24", Source::Default),
            ("[http]\nbody_limit = 2_000", &[], "http.body_limit", "2000", file(2)),
            ("title = 'a \"b\"'", &[], "title", r#""a \"b\"""#, file(1)),
            ("docs.enabled = false", &[], "docs.enabled", "false", file(1)),
            (
                "[http]\nlisten = ['127.0.0.1:1', 'unix:/s']",
                &[],
                "http.listen",
                "[\"127.0.0.1:1\", \"unix:/s\"]",
                file(2),
            ),
            (
                "[http]\nlisten = '127.0.0.1:1'",
                &[("WINDLASS_HTTP_LISTEN", "localhost:9, unix:/s")],
                "http.listen",
                "[\"127.0.0.1:9\", \"unix:/s\"]",
                Source::Environment,
            ),
            (
                "",
                &[("WINDLASS_DATABASE_MAX_CONNECTIONS", "32")],
                "database.max_connections",
                "32",
                Source::Environment,
            ),
            (
                "",
                &[("WINDLASS_LOG_LEVEL", "debug")],
                "log.level",
                "\"debug\"",
                Source::Environment,
            ),
            // What is wrong is told, and its default shown.
            ("[log]\nformat = 'xml'", &[], "log.format", "\"text\"", Source::Default),
            (
                "[cost]\nover = 'maybe'",
                &[],
                "cost.over",
                "\"refuse\"",
                Source::Default,
            ),
            ("[cost]\nmax_rows = 0", &[], "cost.max_rows", "", Source::Default),
            (
                "[http]\nlisten = ['127.0.0.1:1', 'x']",
                &[],
                "http.listen",
                "\"127.0.0.1:8080\"",
                Source::Default,
            ),
            (
                "[http]\nlisten = []",
                &[],
                "http.listen",
                "\"127.0.0.1:8080\"",
                Source::Default,
            ),
        ];
        for (text, environment, key, value, source) in cases {
            let (settings, _) = of(text, environment);
            assert_eq!(
                (&settings[*key].value.as_str(), &settings[*key].source),
                (value, source),
                "{key} of {text}"
            );
        }
    }

    #[test]
    fn no_key_of_tokens_is_ever_shown() {
        let secret = "hunter2".repeat(10);
        let text =
            format!("[auth.jwt]\nsecret = \"{secret}\"\n[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"{secret}\"");
        let (settings, wrong) = gather(&text, &HashMap::new());
        assert!(wrong.is_empty(), "{wrong:?}");
        let value = |key: &str| {
            settings
                .iter()
                .find(|setting| setting.key == key)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(value("auth.jwt.secret"), "\"***\"");
        assert_eq!(value("auth.keys"), "[{ algorithm = \"HS256\", secret = \"***\" }]");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn no_password_is_ever_shown() {
        for (url, shown) in [
            ("postgresql://u:hunter2@db/x", "\"postgresql://u:***@db:5432/x\""),
            (
                "postgres://u:hunter2@a:1,b:2/x?sslmode=require",
                "\"postgresql://u:***@a:1,b:2/x\"",
            ),
            (
                "host=/run/pg user=u password=hunter2",
                "\"postgresql://u:***@/run/pg:5432/u\"",
            ),
            (
                "postgresql://u@db/x?password=hunter2",
                "\"postgresql://u:***@db:5432/x\"",
            ),
            ("postgresql://u@db:7/x", "\"postgresql://u@db:7/x\""),
            ("hunter2 is my password", ""),
            ("postgresql://:hunter2@db/x", "\"postgresql://:***@db:5432/x\""),
            ("hunter2://u:hunter2@db/x", ""),
        ] {
            for (text, environment) in [
                (format!("[database]\nurl = '{url}'"), vec![]),
                (String::new(), vec![("WINDLASS_DATABASE_URL", url)]),
            ] {
                let (settings, wrong) = of(&text, &environment);
                assert_eq!(settings["database.url"].value, shown, "{url}");
                assert_eq!(settings["database.url"].source == Source::Default, shown.is_empty());
                assert!(!format!("{settings:?}{wrong:?}").contains("hunter2"), "{url}");
            }
        }
    }
}
