//! What the state is told.

use crossterm::event::KeyEvent;
use windlass_core::admin::protocol::{Act, Answer, Ask, Done, Exchange, LogLine};

use crate::state::trial::TrialReply;

/// Something happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The wheel was turned, in lines; negative is up.
    Scroll(i16),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// It is this time now: Unix time in milliseconds.
    Tick(i64),
    /// The way to the service changed.
    Link(Link),
    /// A question was answered.
    Answered(Ask, Result<Answer, Refusal>),
    /// An act was done, or refused.
    Acted(Act, Result<Done, Refusal>),
    /// Requests were answered.
    Traffic(Vec<Exchange>),
    /// Lines were logged.
    Logs(Vec<LogLine>),
    /// So many lines of a stream were lost, as they came faster than they could be sent.
    Lost(u64),
    /// A route that was tried has answered.
    Tried(TrialReply),
}

/// The way to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It is looked for.
    Connecting,
    /// It answers.
    Live,
    /// There is no service: answers come from files and the database.
    Offline {
        /// Why.
        reason: String,
    },
    /// It was there, and is gone; the last values are shown.
    Lost {
        /// Since when: Unix time in milliseconds.
        since: i64,
        /// What happened.
        reason: String,
    },
    /// It speaks another protocol.
    Incompatible {
        /// What to do.
        reason: String,
    },
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// More detail.
    pub details: Option<String>,
    /// The next step.
    pub hint: Option<String>,
}

impl Refusal {
    /// What happened and the next step, in one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} — {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

impl From<&windlass_core::error::Error> for Refusal {
    fn from(error: &windlass_core::error::Error) -> Self {
        Self {
            code: error.code().to_string(),
            message: error.message().to_owned(),
            details: error.details().map(ToOwned::to_owned),
            hint: error.hint().map(ToOwned::to_owned),
        }
    }
}
