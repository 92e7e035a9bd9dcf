//! A request to a route, filled in by hand, and what came back.

use std::collections::BTreeMap;

use tui_input::Input;
use windlass_core::admin::protocol::RouteDetail;

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
    /// Whether it is under way.
    pub pending: bool,
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
    /// What is typed.
    pub input: Input,
}

impl Form {
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

    /// Lines of the reply.
    #[must_use]
    pub fn reply_lines(&self) -> usize {
        match self.reply.as_ref().map(|reply| &reply.result) {
            Some(Ok(reply)) => reply.headers.len() + reply.body.lines().count() + 2,
            Some(Err(_)) => 1,
            None => 0,
        }
    }

    /// The request that is filled in.
    ///
    /// # Errors
    /// Which parameter is missing.
    pub fn trial(&self) -> Result<Trial, String> {
        let _ = self;
        Err(String::new())
    }
}

impl Trial {
    /// The same as a command.
    #[must_use]
    pub fn curl(&self) -> String {
        String::new()
    }
}
