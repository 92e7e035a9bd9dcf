//! Settings: text first (`raw`), then values that cannot be wrong (`checked`).

mod auth;
mod checked;
mod cors;
mod cost;
mod effective;
mod headers;
mod keys;
mod pattern;
mod rate;
mod raw;
mod secret;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

pub use auth::{Algorithm, Auth, Material, TokenKey, TokenRules};
pub use checked::{Admin, Database, Http, Listen, Log, LogFormat, Postgres, Settings, read};
pub use cors::{Cors, CorsRule, Origins};
pub use cost::{CostRules, Stance};
pub use effective::{Setting, Source, effective};
pub use headers::SecurityHeaders;
pub use pattern::PathPattern;
pub use rate::{Allowance, Proxy, Rate, RouteRate};
pub use raw::FILE;
pub use secret::Secret;

use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};

/// Reads the settings of the project in `directory`, with the process's environment over them.
///
/// An empty directory is a project with every setting at its default. Where a value is wrong, its default stands in, so
/// that the rest can still be checked.
///
/// # Errors
/// [`Code::ProjectMissing`] if there is no project.
pub fn load(directory: &Path) -> Result<(Settings, Vec<Diagnostic>)> {
    let (text, environment) = sources(directory)?;
    Ok(read(&text, &environment))
}

/// The text of the project's file, empty where the project has none, and the process's environment.
fn sources(directory: &Path) -> Result<(String, HashMap<String, String>)> {
    let path = directory.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if !is_blank(directory) {
                return Err(Error::new(
                    Code::ProjectMissing,
                    format!("there is no {FILE} in {}", directory.display()),
                )
                .with_hint("Name the project with --dir DIR, or make one with `windlass new DIR`."));
            }
            String::new()
        }
        Err(error) => {
            return Err(Error::new(
                Code::ConfigInvalid,
                format!("cannot read {}: {error}", path.display()),
            ));
        }
    };
    let environment: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Ok((text, environment))
}

/// Folds mistakes into one error whose details name each.
#[must_use]
pub fn refuse(code: Code, diagnostics: &[Diagnostic]) -> Error {
    let message = match diagnostics.len() {
        1 => "there is 1 mistake".to_owned(),
        n => format!("there are {n} mistakes"),
    };
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|wrong| match &wrong.help {
            Some(help) => format!("{wrong}; {help}"),
            None => wrong.to_string(),
        })
        .collect();
    Error::new(code, message)
        .with_details(lines.join("\n"))
        .with_hint("Correct them, then `windlass check` shows whether all is well.")
}

fn is_blank(directory: &Path) -> bool {
    std::fs::read_dir(directory)
        .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == ".windlass")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let (_, wrong) = read(text, &environment);
        wrong
            .iter()
            .map(|w| format!("{w}{}", w.help.as_deref().map(|h| format!("; {h}")).unwrap_or_default()))
            .collect()
    }

    #[test]
    fn each_mistake_is_named_with_its_place() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("title = 3", &["windlass.toml:1:9: `title`: must be text in quotes"]),
            (
                "[http]\nlistn = \"x\"",
                &["windlass.toml:2:1: there is no setting `http.listn`; did you mean `http.listen`?"],
            ),
            (
                "[http]\nmax_connections = 3",
                &[
                    "windlass.toml:2:1: there is no setting `http.max_connections`; did you mean `database.max_connections`?",
                ],
            ),
            ("http = 1", &["windlass.toml:1:8: `http` is a section: write `[http]`"]),
            (
                "[http]\nlisten = [\"127.0.0.1:80\", \"nowhere\"]\nbody_timeout = \"15\"\n[log]\nformat = \"xml\"",
                &[
                    "windlass.toml:2:27: `http.listen`: `nowhere` is not an address such as `127.0.0.1:8080` or `unix:/run/windlass.sock`",
                    "windlass.toml:3:16: `http.body_timeout`: must be a time such as \"15s\", \"500ms\" or \"2m\", at most \"24h\"",
                    "windlass.toml:5:10: `log.format`: must be \"text\" or \"json\"",
                ],
            ),
            (
                "[database]\nmax_connections = 0",
                &["windlass.toml:2:19: `database.max_connections`: must be a whole number from 1 to 10000"],
            ),
            (
                "[postgres]\nmemory = \"2 GiBs\"",
                &["windlass.toml:2:10: `postgres.memory`: must be a size such as \"1MiB\" or \"512KiB\""],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(&mistakes(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn keys_of_tokens_are_pinned_and_strong() {
        let long = "x".repeat(64);
        let cases: &[(String, &str)] = &[
            (format!("[auth.jwt]\nsecret = \"{long}\"\nalgorithm = \"HS512\""), ""),
            (
                "[auth.jwt]\nsecret = \"short\"".to_owned(),
                "windlass.toml:2:10: `auth.jwt.secret`: must have at least 32 bytes for HS256: `openssl rand -hex 32` makes one",
            ),
            (
                format!("[auth.jwt]\nsecret = \"{}\"\nalgorithm = \"HS384\"", &long[..47]),
                "windlass.toml:2:10: `auth.jwt.secret`: must have at least 48 bytes for HS384: `openssl rand -hex 48` makes one",
            ),
            (
                "[auth.jwt]\nalgorithm = \"RS256\"".to_owned(),
                "windlass.toml:2:13: `auth.jwt.algorithm`: must be HS256, HS384 or HS512; public keys belong into `[[auth.keys]]`",
            ),
            (
                "[auth.jwt]\nalgorithm = \"none\"".to_owned(),
                "windlass.toml:2:13: `auth.jwt.algorithm`: must be one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA",
            ),
            (
                "[auth.jwt]\nrole_claim = \"a..b\"".to_owned(),
                "windlass.toml:2:14: `auth.jwt.role_claim`: must name a claim, such as \"role\" or \"app_metadata.role\"",
            ),
            (
                "[[auth.keys]]\nfile = \"k.pem\"".to_owned(),
                "windlass.toml:1:1: `auth.keys`: a key needs its `algorithm`, so that no token can choose one",
            ),
            (
                "[[auth.keys]]\nalgorithm = \"RS256\"".to_owned(),
                "windlass.toml:1:1: `auth.keys`: a key needs one of `secret`, `file` and `url`",
            ),
            (
                format!("[[auth.keys]]\nalgorithm = \"RS256\"\nsecret = \"{long}\""),
                "windlass.toml:3:10: `auth.keys.secret`: RS256 has public keys: name one with `file` or `url`",
            ),
            (
                "[[auth.keys]]\nalgorithm = \"RS265\"\nfile = \"k\"".to_owned(),
                "windlass.toml:2:13: `auth.keys.algorithm`: there is no algorithm `RS265`; did you mean `RS256`?",
            ),
            (
                "[[auth.keys]]\nalgorithm = \"RS256\"\nfile = \"k\"\nkidd = \"x\"".to_owned(),
                "windlass.toml:4:8: `auth.keys.kidd`: there is no such key. did you mean `kid`?",
            ),
            (
                "[[auth.keys]]\nalgorithm = \"RS256\"\nurl = \"http://issuer.example/jwks\"".to_owned(),
                "windlass.toml:3:7: `auth.keys.url`: must begin with https://; http:// is for this machine alone",
            ),
            (
                "[[auth.keys]]\nalgorithm = \"HS256\"\nurl = \"https://issuer.example/jwks\"".to_owned(),
                "windlass.toml:3:7: `auth.keys.url`: what is published is no secret",
            ),
            (
                "[auth]\nkeys = 3".to_owned(),
                "windlass.toml:2:8: `auth.keys`: write each key as a section `[[auth.keys]]` of windlass.toml",
            ),
        ];
        for (text, expected) in cases {
            let expected: Vec<&str> = Some(*expected).into_iter().filter(|text| !text.is_empty()).collect();
            assert_eq!(mistakes(text, &[]), expected, "{text}");
        }
        let environment = HashMap::from([
            ("WINDLASS_AUTH_JWT_SECRET".to_owned(), long.clone()),
            ("WINDLASS_AUTH_JWT_AUDIENCE".to_owned(), "api, web".to_owned()),
        ]);
        let (settings, wrong) = read(
            "[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"",
            &environment,
        );
        assert!(wrong.is_empty() && settings.auth.keys.len() == 2, "{wrong:?}");
        assert_eq!(settings.auth.rules.audience, ["api", "web"]);
        let shown = format!("{settings:?}");
        assert!(!shown.contains("xxxx") && !shown.contains("yyyy"), "{shown}");
    }

    #[test]
    fn the_environment_wins_and_is_named_when_wrong() {
        let environment = HashMap::from([
            ("WINDLASS_HTTP_LISTEN".to_owned(), "127.0.0.1:9, unix:/tmp/s".to_owned()),
            ("WINDLASS_DOCS_ENABLED".to_owned(), "false".to_owned()),
            ("WINDLASS_PORT".to_owned(), "tcp://10.0.0.1:80".to_owned()),
        ]);
        let (settings, _) = read("[http]\nlisten = \"127.0.0.1:1\"", &environment);
        assert_eq!(settings.http.listen.len(), 2);
        assert!(!settings.docs);
        assert_eq!(
            mistakes("", &[("WINDLASS_DATABASE_MAX_CONNECTIONS", "many")]),
            ["WINDLASS_DATABASE_MAX_CONNECTIONS: `database.max_connections`: must be a whole number from 1 to 10000"]
        );
    }

    #[test]
    fn variables_of_our_sections_are_checked_and_others_left_alone() {
        for (name, expected) in [
            (
                "WINDLASS_HTTP_LISTN",
                Some("WINDLASS_HTTP_LISTN: there is no setting of this name; did you mean `WINDLASS_HTTP_LISTEN`?"),
            ),
            (
                "WINDLASS_ADMIN_ZZZZZZZZZZZZZZ",
                Some("WINDLASS_ADMIN_ZZZZZZZZZZZZZZ: there is no setting of this name"),
            ),
            ("WINDLASS_PORT", None),
            ("WINDLASS_SERVICE_HOST", None),
            ("WINDLASS_PORT_8080_TCP_ADDR", None),
            ("WINDLASS_HTTP_SERVICE_HOST", None),
            ("WINDLASS_POSTGRES_PORT_5432_TCP_PROTO", None),
            ("WINDLASS_POSTGRES_BIN", None),
            ("WINDLASS_HTTPS_X", None),
            ("WINDLASS_DOCS_ENABLED", None),
        ] {
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(mistakes("", &[(name, "true")]), expected, "{name}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let settings = read(
            "[database]\nurl = \"postgresql://u:hunter2@db/x?sslmode=verify-full\"",
            &HashMap::new(),
        );
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert!(settings.1.is_empty());
        let wrong = mistakes("[database]\nurl = \"hunter2 is my password\"", &[]);
        assert!(wrong.len() == 1 && !wrong[0].contains("hunter2"), "{wrong:?}");
    }
}
