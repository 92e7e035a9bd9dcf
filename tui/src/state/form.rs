//! The form that tries a route: an input for each parameter and one for the body, and the request that they make.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tui_input::Input;
use windlass_core::admin::protocol::{Parameter, RouteDetail};

use super::document::{self, Line};
use super::json_text;
use super::trial::{Trial, TrialReply};

/// What stands for itself neither in a path's segment nor in a query (RFC 3986 §3.3 and §3.4), and what means something
/// to forms (`+`) or needs quotes in a shell.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'+')
    .add(b'/')
    .add(b';')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The form that makes a trial.
#[derive(Debug)]
pub struct Form {
    /// The route.
    pub detail: RouteDetail,
    /// Where the service listens.
    pub address: String,
    /// One input per parameter, then one for the body if the route has one.
    pub fields: Vec<FormField>,
    /// The one that is typed into.
    pub at: usize,
    /// What was sent and is not answered yet.
    pub sent: Option<Trial>,
    /// What came back.
    pub reply: Option<TrialReply>,
    /// How far the reply is scrolled.
    pub scroll: usize,
}

/// One input of a form.
#[derive(Debug)]
pub struct FormField {
    /// The parameter's name; `body` for the body.
    pub name: String,
    /// `path`, `query`, `header` or `body`.
    pub location: String,
    /// What belongs there.
    pub help: String,
    /// Whether it must be filled in.
    pub required: bool,
    /// What is typed.
    pub input: Input,
}

impl Form {
    /// A form whose body is one that would be accepted.
    #[must_use]
    pub fn new(detail: RouteDetail, address: String) -> Self {
        let mut fields: Vec<FormField> = detail.parameters.iter().map(field).collect();
        if !detail.body.is_empty() || detail.example.is_some() {
            let example = detail.example.as_deref().unwrap_or_default();
            fields.push(FormField {
                name: "body".to_owned(),
                location: "body".to_owned(),
                help: "JSON".to_owned(),
                required: detail.body.iter().any(|field| field.required),
                input: Input::new(json_text::compact(example)),
            });
        }
        // A body that is filled in already needs no look before the parameters that are not.
        let at = fields
            .iter()
            .position(|field| field.required && field.input.value().is_empty());
        Self {
            at: at.unwrap_or_default(),
            detail,
            address,
            fields,
            sent: None,
            reply: None,
            scroll: 0,
        }
    }

    /// The input that is typed into.
    pub fn input(&mut self) -> Option<&mut Input> {
        self.fields.get_mut(self.at).map(|field| &mut field.input)
    }

    /// Goes to the next input.
    pub fn next(&mut self) {
        self.at = (self.at + 1) % self.fields.len().max(1);
    }

    /// Goes to the input before.
    pub fn previous(&mut self) {
        let count = self.fields.len().max(1);
        self.at = (self.at + count - 1) % count;
    }

    /// The lines that the inputs take of so many; half of them are the reply's, once there is one.
    #[must_use]
    pub fn input_lines(&self, lines: usize) -> usize {
        let most = match self.reply {
            Some(_) => lines.saturating_sub(2) / 2,
            None => lines.saturating_sub(3),
        };
        self.fields.len().min(most).max(1)
    }

    /// Headers and body of the reply, wrapped to so many columns.
    #[must_use]
    pub fn reply_lines(&self, columns: usize) -> Vec<Line> {
        match self.reply.as_ref().map(|reply| &reply.result) {
            Some(Ok(reply)) => document::wrap(reply.lines(), columns),
            Some(Err(_)) | None => Vec::new(),
        }
    }

    /// Scrolls the reply by a page of a terminal of this size.
    pub fn scroll_reply(&mut self, down: bool, size: (u16, u16)) {
        // The frame's three lines and the border; then what the inputs, their help and the reply's title take.
        let lines = usize::from(size.1.saturating_sub(5));
        let page = lines.saturating_sub(self.input_lines(lines) + 2).max(1);
        let columns = usize::from(size.0.saturating_sub(2));
        let last = self.reply_lines(columns).len().saturating_sub(page);
        let at = self.scroll.min(last);
        self.scroll = if down {
            (at + page).min(last)
        } else {
            at.saturating_sub(page)
        };
    }

    /// The request that is filled in.
    ///
    /// # Errors
    /// Which parameter is missing, or where the body is no JSON.
    pub fn trial(&self) -> Result<Trial, String> {
        let line = &self.detail.line;
        let mut path = line.path.clone();
        let mut query = Vec::new();
        let mut headers = BTreeMap::new();
        let mut body = None;
        for field in &self.fields {
            let value = field.input.value();
            // Parts of a path cannot be left out.
            if value.trim().is_empty() {
                if field.required || field.location == "path" {
                    return Err(format!("{} is missing: {}", field.name, field.help));
                }
                continue;
            }
            match field.location.as_str() {
                "path" if matches!(value, "." | "..") => {
                    return Err(format!("{}: `{value}` would leave the path", field.name));
                }
                "path" => path = path.replace(&format!("{{{}}}", field.name), &encoded(value)),
                "header" => {
                    headers.insert(field.name.clone(), value.trim().to_owned());
                }
                "body" => {
                    if let Some((at, message)) = json_text::wrong(value) {
                        return Err(format!("the body is no JSON: at {}: {message}", at + 1));
                    }
                    headers.insert("Content-Type".to_owned(), "application/json".to_owned());
                    body = Some(value.to_owned());
                }
                _ => query.push(format!("{}={}", encoded(&field.name), encoded(value))),
            }
        }
        Ok(Trial {
            address: self.address.clone(),
            method: line.method.clone(),
            target: target(path, &query),
            headers,
            body,
        })
    }
}

fn field(parameter: &Parameter) -> FormField {
    let help = match parameter.description.as_str() {
        "" => parameter.kind.clone(),
        description => format!("{}: {description}", parameter.kind),
    };
    FormField {
        name: parameter.name.clone(),
        location: parameter.location.clone(),
        help,
        required: parameter.required,
        input: Input::default(),
    }
}

/// A request to a route as a command: what must be filled in stands in it as `{name}`.
#[must_use]
pub fn curl_of(detail: &RouteDetail, address: &str) -> String {
    let mut query = Vec::new();
    let mut headers = BTreeMap::new();
    for parameter in detail.parameters.iter().filter(|parameter| parameter.required) {
        let name = &parameter.name;
        match parameter.location.as_str() {
            "query" => query.push(format!("{}={{{name}}}", encoded(name))),
            "header" => {
                headers.insert(name.clone(), format!("{{{name}}}"));
            }
            _ => {}
        }
    }
    let reads = matches!(detail.line.method.as_str(), "GET" | "HEAD");
    let body = detail.example.as_deref().filter(|_| !reads).map(json_text::compact);
    if body.is_some() {
        headers.insert("Content-Type".to_owned(), "application/json".to_owned());
    }
    let trial = Trial {
        address: address.to_owned(),
        method: detail.line.method.clone(),
        target: target(detail.line.path.clone(), &query),
        headers,
        body,
    };
    trial.curl()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn target(path: String, query: &[String]) -> String {
    if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    }
}
