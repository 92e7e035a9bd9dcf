//! What is to be done outside of the state. Nothing here is done by the drawing task.

use windlass_core::admin::protocol::{Act, Ask};

use crate::state::trial::Trial;

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the service.
    Ask(Ask),
    /// Have it do something.
    Act(Act),
    /// Follow this stream, and no other; a filter that was typed is part of it.
    Watch(Option<Watch>),
    /// Send a request to a route.
    Try(Trial),
    /// Put text into the clipboard of the operator's terminal.
    Copy(String),
    /// Look for the service at once.
    Reconnect,
    /// End.
    Quit,
}

/// A stream of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Requests as they are answered.
    Traffic,
    /// Log lines as they are written.
    Logs,
}
