//! A request to a route, filled in by hand, and what came back.

use std::collections::BTreeMap;

use super::document::{self, Line};
pub use super::form::{Form, FormField, curl_of};
use super::json_text;
use crate::theme::Tone;

/// A request that is to be sent to the service's own address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The service's address, as a URL: `http://127.0.0.1:8080` or `unix:/run/app.sock`.
    pub address: String,
    /// `GET`
    pub method: String,
    /// Path and query string.
    pub target: String,
    /// Names and values.
    pub headers: BTreeMap<String, String>,
    /// The body, if there is one.
    pub body: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialReply {
    /// What was sent.
    pub trial: Trial,
    /// What came back, or why nothing did.
    pub result: Result<Reply, String>,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, in their order.
    pub headers: Vec<(String, String)>,
    /// Its body as text, at most 64 KiB of it.
    pub body: String,
    /// Whether the body was longer.
    pub cut: bool,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

impl Trial {
    /// The same as a command, each part quoted for a shell.
    #[must_use]
    pub fn curl(&self) -> String {
        let mut command = "curl".to_owned();
        let mut add = |part: &str| {
            command.push(' ');
            command.push_str(&quoted(part));
        };
        // curl takes brackets for patterns.
        if self.target.contains(['{', '}', '[', ']']) {
            add("--globoff");
        }
        match (self.method.as_str(), &self.body) {
            ("GET", None) => {}
            ("HEAD", _) => add("--head"),
            (method, _) => {
                add("-X");
                add(method);
            }
        }
        let base = match self.address.strip_prefix("unix:") {
            Some(path) => {
                add("--unix-socket");
                add(path);
                "http://localhost"
            }
            None => self.address.trim_end_matches('/'),
        };
        add(&format!("{base}{}", self.target));
        for (name, value) in &self.headers {
            add("-H");
            add(&format!("{name}: {value}"));
        }
        if let Some(body) = &self.body {
            // Unlike `--data`, it takes no `@` for a file's name.
            add("--data-raw");
            add(body);
        }
        command
    }
}

/// A word of a command: quoted unless every sign of it stands for itself.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl Reply {
    /// The status with its reason, such as `404 Not Found`.
    #[must_use]
    pub fn title(&self) -> String {
        match reason(self.status) {
            "" => self.status.to_string(),
            reason => format!("{} {reason}", self.status),
        }
    }

    /// Headers and body, line by line; JSON is laid out.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let header = |(name, value): &(String, String)| Line::text(format!("{name}: {value}")).tone(Tone::Dim);
        let mut lines: Vec<Line> = self.headers.iter().map(header).collect();
        lines.push(Line::default());
        if self.is_json() {
            lines.extend(document::lines(&json_text::pretty(&self.body)));
        } else {
            lines.extend(document::lines(&self.body));
        }
        if self.cut {
            let text = "… the rest is not shown; Ctrl-y copies the request as curl";
            lines.push(Line::text(text).tone(Tone::Notice));
        }
        lines
    }

    /// Whether its type is JSON's, or built upon it as `application/problem+json` is (RFC 6839 §3.1).
    fn is_json(&self) -> bool {
        let kinds = self
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        kinds
            .filter_map(|(_, value)| value.split(';').next())
            .any(|kind| kind.trim().ends_with("/json") || kind.trim().ends_with("+json"))
    }
}

/// What a status is called (RFC 9110 §15 and RFC 6585).
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
