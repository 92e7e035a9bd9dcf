//! Who answers: the running service, or a desk without one. Commands and console ask either in the same words.

use std::sync::Arc;

use super::batches::Batches;
use super::client::Client;
use super::desk::{Actor, Desk, Via};
use super::place;
use super::protocol::{Act, Answer, Ask, Done, Exchange, LogLine};
use crate::app::Project;
use crate::error::{Code, Result};

/// Who answers.
#[derive(Clone)]
pub enum Source {
    /// The service, over its socket.
    Live(Client),
    /// Nobody serves: files, and the database if it runs.
    Offline(Arc<Desk>),
}

impl Source {
    /// The service of a project if one answers, else a desk without one. To be called anew when a service has gone or come.
    ///
    /// # Errors
    /// [`Code::Forbidden`] if there is a service that this user may not ask, [`Code::ProtocolMismatch`] if it is of another
    /// version, [`Code::ServiceDown`] if it does not answer although it runs.
    pub async fn find(project: &Project) -> Result<Self> {
        if let Some(path) = place::find(project) {
            match Client::connect(&path, place::owners(project)).await {
                Ok(client) => return Ok(Self::Live(client)),
                Err(error) if error.code() == Code::ServiceDown && !Client::is_there(&path) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self::Offline(Arc::new(Desk::offline(project.clone()))))
    }

    /// Whether a service answers.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Asks.
    ///
    /// # Errors
    /// The refusal; [`Code::ServiceDown`] if the service has gone meanwhile.
    pub async fn ask(&self, ask: Ask) -> Result<Answer> {
        match self {
            Self::Live(client) => client.ask(&ask).await,
            Self::Offline(desk) => desk.ask(ask).await,
        }
    }

    /// Acts. What was begun is finished, even if nobody waits for it any more.
    ///
    /// # Errors
    /// As [`Source::ask`].
    pub async fn act(&self, act: Act, via: Via) -> Result<Done> {
        match self {
            Self::Live(client) => client.act(&act, via).await,
            Self::Offline(desk) => Arc::clone(desk).act(act, Actor::own(via)).await,
        }
    }

    /// Requests as they are answered; an empty filter lets all pass.
    ///
    /// # Errors
    /// A filter that cannot be read, with the position; [`Code::ServiceDown`] without a service.
    pub async fn traffic(&self, filter: &str) -> Result<Batches<Exchange>> {
        match self {
            Self::Live(client) => client.traffic(filter).await,
            Self::Offline(desk) => desk.traffic(filter),
        }
    }

    /// Lines of the log from now on; an empty filter lets all pass.
    ///
    /// # Errors
    /// As [`Source::traffic`].
    pub async fn logs(&self, filter: &str) -> Result<Batches<LogLine>> {
        match self {
            Self::Live(client) => client.logs(filter).await,
            Self::Offline(desk) => desk.logs(filter),
        }
    }
}
