//! Every setting there is: its key, its default and what it is for. The one list.

/// A setting that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// Such as `http.listen`.
    pub(super) name: &'static str,
    /// What holds when nothing sets it, in the file's syntax; empty where that is nothing, or depends on the machine.
    pub(super) default: &'static str,
    /// A value that shows the syntax, where there is no default.
    pub(super) example: &'static str,
    /// What it is for, in one line.
    pub(super) description: &'static str,
}

const fn key(name: &'static str, default: &'static str, description: &'static str) -> Key {
    Key {
        name,
        default,
        example: default,
        description,
    }
}

/// One without a default that can be written down.
const fn unset(name: &'static str, example: &'static str, description: &'static str) -> Key {
    Key {
        name,
        default: "",
        example,
        description,
    }
}

/// Every key, in the order in which they are shown; sections stay together.
pub(super) const KEYS: &[Key] = &[
    key("title", "\"Windlass\"", "of the API, in the docs"),
    key("version", "\"0.1.0\"", "of the API, in the docs"),
    key(
        "http.listen",
        "\"127.0.0.1:8080\"",
        "or \"unix:/run/app.sock\", or an array of both",
    ),
    key("http.body_limit", "\"1MiB\"", "the largest body"),
    key(
        "http.reply_limit",
        "\"64MiB\"",
        "the largest list that is gathered in memory; NDJSON and CSV are streamed",
    ),
    key("http.header_timeout", "\"10s\"", "for a request's headers to arrive"),
    key("http.body_timeout", "\"30s\"", "for a request's body to arrive"),
    key("http.idle_timeout", "\"75s\"", "for a connection without a request"),
    key(
        "http.shutdown_timeout",
        "\"30s\"",
        "for requests in flight, once told to stop",
    ),
    key(
        "http.tx_rollback",
        "false",
        "whether `Prefer: tx=rollback` is followed: a write that is tried, but not stored",
    ),
    unset(
        "http.trusted_proxies",
        "[\"192.0.2.0/24\"]",
        "whose X-Forwarded-For is believed: addresses, networks or \"unix\"; absent: nobody's",
    ),
    unset(
        "database.url",
        "\"postgresql://…\"",
        "an outside server; absent: the embedded cluster",
    ),
    key(
        "database.max_connections",
        "16",
        "of the serving side; other commands use a few besides",
    ),
    key("database.pool_wait", "\"1s\"", "for a connection to come free"),
    key("database.statement_timeout", "\"15s\"", "for one statement"),
    key(
        "database.stream_timeout",
        "\"10m\"",
        "for a streamed list to be read to its end",
    ),
    key("database.connect_timeout", "\"3s\"", "for a connection to be made"),
    unset(
        "postgres.memory",
        "\"2GiB\"",
        "to tune the embedded cluster for; absent: what the machine or its cgroup has",
    ),
    unset(
        "postgres.max_connections",
        "40",
        "of the embedded cluster; absent: enough for the serving side and the commands",
    ),
    key(
        "cost.unindexed",
        "\"off\"",
        "or \"warn\" or \"refuse\": lists whose filters no index serves; resource files say more",
    ),
    unset(
        "cost.max_rows",
        "1_000_000",
        "most rows of a step, as the planner estimates; absent: any",
    ),
    unset(
        "cost.max_cost",
        "500_000",
        "highest cost that the planner estimates; absent: any",
    ),
    key(
        "cost.over",
        "\"refuse\"",
        "or \"warn\" or \"off\": estimates over these bounds",
    ),
    unset(
        "auth.jwt.secret",
        "\"…\"",
        "by which tokens are verified; better WINDLASS_AUTH_JWT_SECRET",
    ),
    key(
        "auth.jwt.algorithm",
        "\"HS256\"",
        "of tokens by that secret: HS256, HS384 or HS512",
    ),
    unset(
        "auth.jwt.issuer",
        "\"https://auth.example\"",
        "the `iss` that tokens must have; absent: any",
    ),
    unset(
        "auth.jwt.audience",
        "\"api\"",
        "or an array: of these one must be in the `aud` of tokens; absent: any",
    ),
    key("auth.jwt.leeway", "\"30s\"", "how far clocks may be apart"),
    key(
        "auth.jwt.role_claim",
        "\"role\"",
        "the claim with the role; a path such as \"app_metadata.role\"",
    ),
    key(
        "auth.jwt.scope_claim",
        "\"scope\"",
        "the claim with the scopes, as text or array",
    ),
    key("auth.jwt.tenant_claim", "\"tenant\"", "the claim with the tenant"),
    unset(
        "auth.keys",
        "[{ algorithm = \"RS256\", file = \"keys/auth.pem\" }]",
        "more keys, each also a section [[auth.keys]]",
    ),
    unset(
        "cors.origins",
        "\"https://app.example\"",
        "or an array, or \"*\": sites whose pages may ask; absent: none",
    ),
    unset("cors.methods", "[\"GET\"]", "that those pages may use; absent: all"),
    unset(
        "cors.headers",
        "[\"Authorization\"]",
        "that they may send; absent: those with a meaning here",
    ),
    unset(
        "cors.expose",
        "[\"Link\"]",
        "what they may read of replies; absent: the headers that clients use",
    ),
    key(
        "cors.credentials",
        "false",
        "whether cookies of the browser come along; not with \"*\"",
    ),
    key("cors.max_age", "\"10m\"", "for which a browser need not ask again"),
    unset(
        "cors.paths",
        "[{ path = \"/api/open/**\", origins = \"*\" }]",
        "what holds for some paths, each also a section [[cors.paths]]",
    ),
    key(
        "headers.enabled",
        "true",
        "whether replies have the headers that keep browsers careful",
    ),
    key(
        "headers.content_security_policy",
        "\"default-src 'none'; frame-ancestors 'none'\"",
        "of replies other than the docs; each of these may be \"\" for none",
    ),
    key(
        "headers.frame_options",
        "\"DENY\"",
        "or \"SAMEORIGIN\": X-Frame-Options",
    ),
    key(
        "headers.referrer_policy",
        "\"no-referrer\"",
        "or another policy: Referrer-Policy",
    ),
    key(
        "headers.cross_origin_opener_policy",
        "\"same-origin\"",
        "Cross-Origin-Opener-Policy",
    ),
    key(
        "headers.cross_origin_resource_policy",
        "\"same-origin\"",
        "or \"same-site\" or \"cross-origin\": who may embed replies",
    ),
    unset(
        "headers.strict_transport_security",
        "\"max-age=31536000; includeSubDomains\"",
        "where TLS is in front; absent: not sent",
    ),
    unset(
        "rate.limit",
        "\"600/m\"",
        "requests of a principal, or of an address without credentials; absent: any number",
    ),
    unset("rate.burst", "50", "of them at once; absent: as many as in the limit"),
    unset(
        "rate.failures",
        "\"20/m\"",
        "credentials of an address that are not valid; absent: any number",
    ),
    key(
        "rate.max_keys",
        "100_000",
        "of how many it is remembered; all others share one allowance",
    ),
    unset(
        "rate.paths",
        "[{ path = \"/api/rpc/**\", limit = \"10/s\" }]",
        "more for some paths, each also a section [[rate.paths]]",
    ),
    unset(
        "rate.routes",
        "[{ route = \"POST /api/leads\", limit = \"5/m\" }]",
        "more for some routes, each also a section [[rate.routes]]",
    ),
    key(
        "log.level",
        "\"info\"",
        "the least that is written: off, error, warn, info, debug or trace",
    ),
    key("log.format", "\"text\"", "or \"json\""),
    key(
        "docs.enabled",
        "true",
        "whether /docs, /redoc and /openapi.json are served",
    ),
    key(
        "admin.enabled",
        "true",
        "whether the service answers console and commands on a socket",
    ),
    unset(
        "admin.socket",
        "\"/run/app/admin.sock\"",
        "the socket's path; absent: chosen",
    ),
    unset(
        "admin.group",
        "\"operators\"",
        "who may use the socket besides its owner; absent: nobody",
    ),
];

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The names of all keys.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    KEYS.iter().map(|key| key.name)
}

/// The names of all sections, each as often as it has keys.
pub(super) fn sections() -> impl Iterator<Item = &'static str> + Clone {
    names().filter_map(|name| name.split_once('.').map(|(section, _)| section))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fmt::Write;
    use std::path::Path;

    use super::*;

    /// The settings as a file, each with its default.
    fn block() -> String {
        let mut text = String::new();
        let mut section = "";
        for key in KEYS {
            let (inside, name) = key.name.split_once('.').unwrap_or(("", key.name));
            if inside != section {
                section = inside;
                let _ = writeln!(text, "[{section}]");
            }
            let line = format!("{name} = {}", key.example);
            let _ = writeln!(text, "{line:<33} # {}", key.description);
        }
        text
    }

    #[test]
    fn the_defaults_are_those_that_are_used() {
        let mut file = String::new();
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            let (section, name) = key.name.split_once('.').unwrap_or(("", key.name));
            if section.is_empty() {
                let _ = writeln!(file, "{name} = {}", key.default);
            } else {
                let _ = writeln!(file, "{section}.{name} = {}", key.default);
            }
        }
        let (written, mistakes) = super::super::read(&file, &HashMap::new());
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let (silent, _) = super::super::read("", &HashMap::new());
        assert_eq!(format!("{written:?}"), format!("{silent:?}"));
    }

    /// `UPDATE_DOCS=1` writes the block anew.
    #[test]
    fn the_docs_name_every_setting() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("```toml\n").unwrap();
        let (shown, after) = rest.split_once("```").unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{before}```toml\n{}```{after}", block())).unwrap();
        } else {
            assert_eq!(shown, block(), "docs/operating.md: run with UPDATE_DOCS=1");
        }
    }
}
