//! `[cors]`: which sites' pages may ask, and what they may send and read.

use std::time::Duration;

use super::checked::{Reader, boolean, duration};
use super::pattern::PathPattern;
use super::raw::{Raw, Value};
use crate::diagnostic::Diagnostic;
use crate::suggest;

/// Methods that pages may use unless something else is said.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// Headers that requests have a use for here, and those that supabase-js sends besides.
const HEADERS: &[&str] = &[
    "Authorization",
    "apikey",
    "X-API-Key",
    "Content-Type",
    "Accept",
    "Accept-Profile",
    "Content-Profile",
    "Prefer",
    "Range",
    "Range-Unit",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-Request-Id",
    "X-Client-Info",
    "X-Supabase-Api-Version",
];

/// Headers of replies that a page can make use of, beside those that it may read anyway (Fetch, "CORS-safelisted
/// response-header name").
const EXPOSED: &[&str] = &[
    "Content-Range",
    "Content-Location",
    "Content-Profile",
    "Location",
    "Link",
    "ETag",
    "Preference-Applied",
    "Idempotency-Replayed",
    "X-Request-Id",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "WWW-Authenticate",
];

/// The sites whose pages may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Every site's.
    Any,
    /// These, as browsers write them; none is no site's.
    Listed(Vec<String>),
}

/// What holds for pages of other sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsRule {
    /// Whose pages.
    pub origins: Origins,
    /// The methods that they may use.
    pub methods: Vec<String>,
    /// The headers that they may send; `*` is every one.
    pub headers: Vec<String>,
    /// The headers of replies that they may read.
    pub expose: Vec<String>,
    /// Whether cookies and other credentials of the browser come along. Never with [`Origins::Any`].
    pub credentials: bool,
    /// For how long a browser need not ask again.
    pub max_age: Duration,
}

/// `[cors]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// What holds where no path says something else.
    pub rule: CorsRule,
    /// `[[cors.paths]]`: the first pattern that matches holds.
    pub paths: Vec<(PathPattern, CorsRule)>,
}

impl Default for CorsRule {
    fn default() -> Self {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            origins: Origins::Listed(Vec::new()),
            methods: all(METHODS),
            headers: all(HEADERS),
            expose: all(EXPOSED),
            credentials: false,
            max_age: Duration::from_secs(600),
        }
    }
}

/// The settings that make a rule.
const NAMES: &[&str] = &["origins", "methods", "headers", "expose", "credentials", "max_age"];

/// Reads the section.
pub(super) fn read(reader: &mut Reader) -> Cors {
    let mut rule = CorsRule::default();
    let mut place = None;
    for name in NAMES {
        let Some((key, raw)) = reader.raw.get_key_value(format!("cors.{name}").as_str()) else {
            continue;
        };
        let before = reader.wrong.len();
        take(&mut rule, name, raw, key, &mut reader.wrong);
        if reader.wrong.len() > before {
            reader.refused.insert(*key);
        }
        if matches!(*name, "credentials") || place.is_none() {
            place = Some(raw.clone());
        }
    }
    if let Some(place) = place
        && !consistent(&mut rule, &place, &mut reader.wrong)
    {
        reader.refused.insert("cors.credentials");
    }
    let mut cors = Cors {
        rule,
        paths: Vec::new(),
    };
    if let Some(raw) = reader.raw.get("cors.paths") {
        let before = reader.wrong.len();
        cors.paths = paths(raw, &cors.rule, &mut reader.wrong);
        if reader.wrong.len() > before {
            reader.refused.insert("cors.paths");
        }
    }
    cors
}

fn paths(raw: &Raw, rest: &CorsRule, wrong: &mut Vec<Diagnostic>) -> Vec<(PathPattern, CorsRule)> {
    let Value::List(items) = &raw.value else {
        wrong.push(raw.wrong("`cors.paths`: write each path as a section `[[cors.paths]]` of windlass.toml"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let Value::Table(entries) = &item.value else {
            wrong.push(item.wrong("`cors.paths`: write each path as a section `[[cors.paths]]`"));
            continue;
        };
        let (mut pattern, mut rule) = (None, rest.clone());
        let before = wrong.len();
        for (name, raw) in entries {
            let key = format!("cors.paths.{name}");
            match (name.as_str(), &raw.value) {
                ("path", Value::Text(text)) => match PathPattern::parse(text) {
                    Ok(read) => pattern = Some(read),
                    Err(message) => wrong.push(raw.wrong(format!("`{key}`: {message}"))),
                },
                ("path", _) => wrong.push(raw.wrong(format!("`{key}`: must be text in quotes"))),
                (name, _) if NAMES.contains(&name) => take(&mut rule, name, raw, &key, wrong),
                (name, _) => {
                    let known = NAMES.iter().copied().chain(["path"]);
                    let near = suggest::help(name, known).unwrap_or_default();
                    wrong.push(raw.wrong(format!("`{key}`: there is no such setting. {near}").trim()));
                }
            }
        }
        if wrong.len() > before || !consistent(&mut rule, item, wrong) {
            continue;
        }
        match pattern {
            Some(pattern) => found.push((pattern, rule)),
            None => wrong.push(item.wrong("`cors.paths`: name the `path` that it is for, such as \"/api/leads\"")),
        }
    }
    found
}

/// Takes one setting into a rule.
fn take(rule: &mut CorsRule, name: &str, raw: &Raw, key: &str, wrong: &mut Vec<Diagnostic>) {
    let mut refuse = |message: String| wrong.push(raw.wrong(format!("`{key}`: {message}")));
    match name {
        "credentials" => match boolean(raw) {
            Ok(yes) => rule.credentials = yes,
            Err(message) => refuse(message),
        },
        "max_age" => match duration(raw) {
            Ok(time) => rule.max_age = time,
            Err(message) => refuse(message),
        },
        "origins" => {
            if let Some(all) = list(raw, key, wrong, origin) {
                rule.origins = if all.iter().any(|one| one == "*") {
                    Origins::Any
                } else {
                    Origins::Listed(all)
                };
            }
        }
        "methods" => rule.methods = list(raw, key, wrong, method).unwrap_or_else(|| rule.methods.clone()),
        "headers" => rule.headers = list(raw, key, wrong, header).unwrap_or_else(|| rule.headers.clone()),
        _ => rule.expose = list(raw, key, wrong, header).unwrap_or_else(|| rule.expose.clone()),
    }
}

/// Whether a rule can be kept by browsers. `*` is no wildcard where credentials come along (Fetch, "CORS protocol and
/// credentials"), and to let every site act as whoever is logged in is never meant.
fn consistent(rule: &mut CorsRule, place: &Raw, wrong: &mut Vec<Diagnostic>) -> bool {
    let star = if !rule.credentials {
        return true;
    } else if rule.origins == Origins::Any {
        "origins"
    } else if rule.expose.iter().any(|name| name == "*") {
        "expose"
    } else {
        return true;
    };
    rule.credentials = false;
    let message = format!("`cors.credentials`: cannot go with `*` in `{star}`; list what is meant, one by one");
    wrong.push(place.wrong(message));
    false
}

/// A list of texts, or one; in the environment with commas between them. None if something is wrong, which is told at the
/// place of each mistake.
fn list(
    raw: &Raw,
    key: &str,
    wrong: &mut Vec<Diagnostic>,
    check: fn(&str) -> Result<(), String>,
) -> Option<Vec<String>> {
    let items = match &raw.value {
        Value::List(items) => items.clone(),
        Value::Text(text) if raw.untyped => text
            .split(',')
            .map(|part| Raw {
                value: Value::Text(part.trim().to_owned()),
                ..raw.clone()
            })
            .collect(),
        _ => vec![raw.clone()],
    };
    let before = wrong.len();
    let mut found = Vec::new();
    for item in &items {
        match &item.value {
            // Empty text stands for nothing.
            Value::Text(text) if text.is_empty() => {}
            Value::Text(text) => match check(text) {
                Ok(()) => found.push(text.clone()),
                Err(message) => wrong.push(item.wrong(format!("`{key}`: {message}"))),
            },
            _ => wrong.push(item.wrong(format!("`{key}`: must be text in quotes, or a list of such"))),
        }
    }
    (wrong.len() == before).then_some(found)
}

/// `https://app.example`, `http://localhost:3000`, `capacitor://localhost`: as browsers write an origin (RFC 6454 §6.2), since it
/// is compared byte by byte.
fn origin(text: &str) -> Result<(), String> {
    if text == "*" {
        return Ok(());
    }
    let expected = || format!("`{text}` is not an origin such as \"https://app.example\" or \"http://localhost:3000\"");
    if text == "null" {
        return Err("`null` is what any sandboxed page sends: it tells nobody from another".to_owned());
    }
    let (scheme, authority) = text.split_once("://").ok_or_else(expected)?;
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !named || authority.is_empty() || !authority.chars().all(|c| c.is_ascii_graphic()) {
        return Err(expected());
    }
    if authority.contains(['/', '?', '#']) {
        return Err(format!("`{text}` has a path: an origin ends after host and port"));
    }
    if authority.contains('*') {
        return Err(format!(
            "`{text}`: `*` stands alone, for every site; list the sites one by one"
        ));
    }
    if authority.contains('@') {
        return Err(expected());
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(format!(
            "browsers write origins in lower case: \"{}\"",
            text.to_lowercase()
        ));
    }
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    if let Some((host, port)) = port {
        if host.is_empty() || port.parse::<u16>().is_err() {
            return Err(expected());
        }
        if matches!((scheme, port), ("https", "443") | ("http", "80")) {
            return Err(format!("browsers leave out the usual port: \"{scheme}://{host}\""));
        }
    }
    Ok(())
}

fn method(text: &str) -> Result<(), String> {
    if METHODS.contains(&text) {
        return Ok(());
    }
    Err(format!("`{text}` is not one of {}", METHODS.join(", ")))
}

/// A header's name (RFC 9110 §5.1), or `*`.
fn header(text: &str) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.bytes().all(token) {
        return Ok(());
    }
    Err(format!("`{text}` is not the name of a header"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(text: &str) -> (Cors, Vec<String>) {
        let (settings, wrong) = super::super::read(text, &HashMap::new());
        (settings.cors, wrong.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_is_open_unless_said() {
        let (cors, wrong) = of("");
        assert!(wrong.is_empty() && cors == Cors::default());
        assert_eq!(cors.rule.origins, Origins::Listed(Vec::new()));
    }

    #[test]
    fn a_path_takes_what_it_leaves_out_from_the_section() {
        let (cors, wrong) = of(
            "[cors]\norigins = ['https://a.example', 'http://localhost:3000']\nmax_age = '1h'\n\
             [[cors.paths]]\npath = '/api/open/**'\norigins = '*'\nmethods = ['GET']",
        );
        assert!(wrong.is_empty(), "{wrong:?}");
        let (pattern, rule) = &cors.paths[0];
        assert!(pattern.matches("/api/open/x"));
        assert_eq!((&rule.origins, rule.max_age.as_secs()), (&Origins::Any, 3600));
        assert_eq!(rule.methods, ["GET"]);
        assert_eq!(cors.rule.methods, METHODS);
    }

    #[test]
    fn the_environment_lists_with_commas() {
        let environment = HashMap::from([(
            "WINDLASS_CORS_ORIGINS".into(),
            "https://a.example, https://b.example".into(),
        )]);
        let (settings, wrong) = super::super::read("", &environment);
        assert!(wrong.is_empty(), "{wrong:?}");
        let expected = ["https://a.example", "https://b.example"]
            .map(ToOwned::to_owned)
            .to_vec();
        assert_eq!(settings.cors.rule.origins, Origins::Listed(expected));
    }

    #[test]
    fn each_mistake_has_its_place() {
        let section = |lines: &str| format!("[cors]\n{lines}");
        for (text, expected) in [
            (
                section("origins = ['https://a.example', 'b.example']"),
                "windlass.toml:2:33: `cors.origins`: `b.example` is not an origin such as \"https://app.example\" or \"http://localhost:3000\"",
            ),
            (
                section("origins = 'https://a.example/'"),
                "windlass.toml:2:11: `cors.origins`: `https://a.example/` has a path: an origin ends after host and port",
            ),
            (
                section("origins = 'https://A.example'"),
                "windlass.toml:2:11: `cors.origins`: browsers write origins in lower case: \"https://a.example\"",
            ),
            (
                section("origins = 'https://a.example:443'"),
                "windlass.toml:2:11: `cors.origins`: browsers leave out the usual port: \"https://a.example\"",
            ),
            (
                section("origins = 'https://*.example'"),
                "windlass.toml:2:11: `cors.origins`: `https://*.example`: `*` stands alone, for every site; list the sites one by one",
            ),
            (
                section("origins = 'null'"),
                "windlass.toml:2:11: `cors.origins`: `null` is what any sandboxed page sends: it tells nobody from another",
            ),
            (
                section("origins = '*'\ncredentials = true"),
                "windlass.toml:3:15: `cors.credentials`: cannot go with `*` in `origins`; list what is meant, one by one",
            ),
            (
                section("origins = 'https://a.example'\nexpose = '*'\ncredentials = true"),
                "windlass.toml:4:15: `cors.credentials`: cannot go with `*` in `expose`; list what is meant, one by one",
            ),
            (
                section(
                    "origins = 'https://a.example'\ncredentials = true\n[[cors.paths]]\npath = '/x'\norigins = '*'",
                ),
                "windlass.toml:4:1: `cors.credentials`: cannot go with `*` in `origins`; list what is meant, one by one",
            ),
            (
                section("methods = ['get']"),
                "windlass.toml:2:12: `cors.methods`: `get` is not one of GET, HEAD, POST, PUT, PATCH, DELETE",
            ),
            (
                section("headers = ['X-A, X-B']"),
                "windlass.toml:2:12: `cors.headers`: `X-A, X-B` is not the name of a header",
            ),
            (
                "[[cors.paths]]\norigins = '*'".to_owned(),
                "windlass.toml:1:1: `cors.paths`: name the `path` that it is for, such as \"/api/leads\"",
            ),
            (
                "[[cors.paths]]\npath = 'api'".to_owned(),
                "windlass.toml:2:8: `cors.paths.path`: must be a path such as \"/api/leads\", \"/api/*/notes\" or \"/api/rpc/**\"",
            ),
        ] {
            assert_eq!(of(&text).1, [expected], "{text}");
        }
        let (cors, _) = of("[cors]\norigins = '*'\ncredentials = true");
        assert!(!cors.rule.credentials, "what is refused does not hold");
    }
}
