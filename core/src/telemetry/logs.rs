//! Log lines on standard error, text for people or JSON for programs; the last ones are kept for the console.

pub mod filter;
mod ring;

use std::io::IsTerminal;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use self::ring::{Ring, RingLayer};
use super::feed::Listener;
use crate::config::{Log, LogFormat};

/// The logger belongs to the process, and so do its last lines.
static RING: LazyLock<Ring> = LazyLock::new(Ring::default);

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Counts up from the start of the service.
    pub number: u64,
    /// Unix time in milliseconds.
    pub at: i64,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// The module that said it; `postgres` for the server's own log.
    pub target: String,
    /// What was said.
    pub message: String,
    /// Names and values beside the message.
    pub fields: Vec<(String, String)>,
}

/// Installs the logger of this process. A second call changes nothing.
pub fn install(settings: &Log) {
    // The libraries below are told to speak only of what matters, whatever our own level is.
    let filter = EnvFilter::new(format!(
        "{level},hyper=warn,h2=warn,rustls=warn,tokio_postgres=warn,salvo_core=warn,salvo=warn",
        level = settings.level
    ));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let written = fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    // The filter stands before both: what is not written is not kept either.
    let layers = tracing_subscriber::registry().with(filter).with(RingLayer(&RING));
    let installed = match settings.format {
        LogFormat::Text => layers.with(written.with_target(false)).try_init(),
        LogFormat::Json => layers.with(written.json().flatten_event(true)).try_init(),
    };
    // Already installed: by a test, or by an earlier command of the same process.
    drop(installed);
}

/// The last 1,000 lines, oldest first; none before [`install`].
#[must_use]
pub fn recent() -> Vec<LogLine> {
    RING.recent()
}

/// Lines from now on.
#[must_use]
pub fn subscribe() -> Listener<LogLine> {
    RING.listen()
}
