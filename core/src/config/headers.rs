//! `[headers]`: what browsers are told to be careful with.

use super::checked::{Reader, boolean, text};
use super::raw::Raw;

/// Names and values that every reply has, unless its route says something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityHeaders(pub Vec<(&'static str, String)>);

/// What `Content-Security-Policy` is unless set: replies of an API load nothing and stand in no frame.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Reads a value, or says why it is none.
type Parse = fn(&Raw) -> Result<String, String>;

/// Those that can be set: the setting, the header, its value unless set, and what is a value.
const SET: &[(&str, &str, &str, Parse)] = &[
    (
        "headers.content_security_policy",
        "content-security-policy",
        POLICY,
        visible,
    ),
    ("headers.frame_options", "x-frame-options", "DENY", frame),
    ("headers.referrer_policy", "referrer-policy", "no-referrer", referrer),
    (
        "headers.cross_origin_opener_policy",
        "cross-origin-opener-policy",
        "same-origin",
        opener,
    ),
    (
        "headers.cross_origin_resource_policy",
        "cross-origin-resource-policy",
        "same-origin",
        resource,
    ),
    (
        "headers.strict_transport_security",
        "strict-transport-security",
        "",
        transport,
    ),
];

/// Those that have one sensible value, as helmet 8 sends them.
const FIXED: &[(&str, &str)] = &[
    ("origin-agent-cluster", "?1"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-xss-protection", "0"),
];

impl Default for SecurityHeaders {
    fn default() -> Self {
        let set = SET.iter().map(|(_, name, value, _)| (*name, (*value).to_owned()));
        let fixed = FIXED.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Self(set.filter(|(_, value)| !value.is_empty()).chain(fixed).collect())
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader) -> SecurityHeaders {
    let mut sent = SecurityHeaders::default();
    for (key, name, _, parse) in SET {
        let Some(value) = reader.get(key, *parse) else {
            continue;
        };
        match sent.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, usual)) => *usual = value,
            None => sent.0.push((name, value)),
        }
    }
    // Empty text stands for nothing.
    sent.0.retain(|(_, value)| !value.is_empty());
    // The rest is read all the same: its mistakes are told.
    if reader.get("headers.enabled", boolean) == Some(false) {
        sent.0.clear();
    }
    sent
}

fn visible(raw: &Raw) -> Result<String, String> {
    let value = text(raw)?;
    if value.chars().all(|c| matches!(c, ' '..='~')) {
        return Ok(value);
    }
    Err("must be one line of plain letters, as a header is".to_owned())
}

fn one_of(raw: &Raw, known: &[&str]) -> Result<String, String> {
    let value = text(raw)?;
    if value.is_empty() || known.contains(&value.as_str()) {
        return Ok(value);
    }
    let all: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
    Err(format!("must be one of {}, or \"\" for none", all.join(", ")))
}

fn frame(raw: &Raw) -> Result<String, String> {
    one_of(raw, &["DENY", "SAMEORIGIN"])
}

/// W3C Referrer Policy §3.
fn referrer(raw: &Raw) -> Result<String, String> {
    one_of(
        raw,
        &[
            "no-referrer",
            "no-referrer-when-downgrade",
            "same-origin",
            "origin",
            "strict-origin",
            "origin-when-cross-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ],
    )
}

/// HTML, "Cross-origin opener policies".
fn opener(raw: &Raw) -> Result<String, String> {
    one_of(
        raw,
        &[
            "same-origin",
            "same-origin-allow-popups",
            "noopener-allow-popups",
            "unsafe-none",
        ],
    )
}

/// Fetch, "Cross-Origin-Resource-Policy header".
fn resource(raw: &Raw) -> Result<String, String> {
    one_of(raw, &["same-origin", "same-site", "cross-origin"])
}

/// RFC 6797 §6.1, and `preload` of the browsers' lists.
fn transport(raw: &Raw) -> Result<String, String> {
    let value = visible(raw)?;
    let mut parts = value.split(';').map(str::trim);
    let age = parts.next().and_then(|first| first.strip_prefix("max-age="));
    let whole = age.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    if value.is_empty() || (whole && parts.all(|part| matches!(part, "includeSubDomains" | "preload"))) {
        return Ok(value);
    }
    Err("must be such as \"max-age=31536000; includeSubDomains\"".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(text: &str) -> (SecurityHeaders, Vec<String>) {
        let (settings, wrong) = super::super::read(text, &HashMap::new());
        (settings.headers, wrong.iter().map(ToString::to_string).collect())
    }

    fn value(headers: &SecurityHeaders, name: &str) -> Option<String> {
        let (_, value) = headers.0.iter().find(|(known, _)| *known == name)?;
        Some(value.clone())
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_is_usual() {
        let (usual, wrong) = of("");
        assert!(wrong.is_empty() && usual == SecurityHeaders::default());
        assert_eq!(value(&usual, "strict-transport-security"), None);
        let (set, wrong) = of("[headers]\nframe_options = ''\nreferrer_policy = 'origin'\n\
             strict_transport_security = 'max-age=31536000; includeSubDomains'");
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(value(&set, "x-frame-options"), None);
        assert_eq!(value(&set, "referrer-policy").as_deref(), Some("origin"));
        let transport = value(&set, "strict-transport-security");
        assert_eq!(transport.as_deref(), Some("max-age=31536000; includeSubDomains"));
        assert_eq!(value(&set, "content-security-policy").as_deref(), Some(POLICY));
        assert_eq!(of("headers.enabled = false").0, SecurityHeaders(Vec::new()));
    }

    #[test]
    fn each_mistake_has_its_place() {
        for (text, expected) in [
            (
                "frame_options = 'deny'",
                "windlass.toml:2:17: `headers.frame_options`: must be one of \"DENY\", \"SAMEORIGIN\", or \"\" for none",
            ),
            (
                "strict_transport_security = 'yes'",
                "windlass.toml:2:29: `headers.strict_transport_security`: must be such as \"max-age=31536000; includeSubDomains\"",
            ),
            (
                "content_security_policy = \"a\\nb\"",
                "windlass.toml:2:27: `headers.content_security_policy`: must be one line of plain letters, as a header is",
            ),
            (
                "enabled = 'no'",
                "windlass.toml:2:11: `headers.enabled`: must be true or false",
            ),
        ] {
            assert_eq!(of(&format!("[headers]\n{text}")).1, [expected], "{text}");
        }
    }
}
