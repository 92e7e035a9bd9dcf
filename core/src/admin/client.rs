//! Speaks with a running service, for console and commands.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use nix::unistd::{Gid, Group};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::batches::{Batch, Batches};
use super::desk::{Via, user_name};
use super::protocol::{Act, Answer, Ask, Done, Exchange, LogLine, PROTOCOL, Version};
use super::socket::WINDLASS;
use crate::error::{Code, Error, Result};

/// For a connection, and for the handshake.
const CONNECT: Duration = Duration::from_secs(3);
/// For the answer to a question; the service itself gives up earlier.
const ANSWER: Duration = Duration::from_secs(10);
/// For what works on the whole database: a rehearsal, an act.
const LONG: Duration = Duration::from_secs(6 * 3600);
/// A silent stream says something every ten seconds.
const SILENCE: Duration = Duration::from_secs(25);
/// No answer is larger.
const LARGEST: usize = 64 << 20;
/// No line of a stream is longer.
const LONGEST_LINE: usize = 4 << 20;

/// A service that answers.
#[derive(Debug, Clone)]
pub struct Client {
    path: PathBuf,
    /// Whose service is believed.
    owners: Vec<u32>,
    version: Version,
}

impl Client {
    /// Asks the service at a socket who it is; only one of these users is believed, as others may make folders where
    /// sockets lie.
    ///
    /// # Errors
    /// [`Code::ServiceDown`] if nobody answers, [`Code::Forbidden`] if this user may not ask, [`Code::ProtocolMismatch`]
    /// if the two do not understand each other.
    pub async fn connect(path: &Path, owners: Vec<u32>) -> Result<Self> {
        let mut client = Self {
            path: path.to_owned(),
            owners,
            version: Version {
                protocol: PROTOCOL,
                windlass: String::new(),
            },
        };
        let asked = client.send(Method::GET, "/version", Bytes::new(), Via::Command);
        let answered = timeout(CONNECT, asked).await.map_err(|_| client.silent(CONNECT))??;
        client.version = read(answered).await?;
        let ours = PROTOCOL;
        let theirs = client.version.protocol;
        if ours == theirs {
            return Ok(client);
        }
        let service = &client.version.windlass;
        let (older, hint) = if theirs > ours {
            (
                "this program is older",
                "Use the program that the service runs, or update this one.",
            )
        } else {
            (
                "the service is older",
                "Restart the service with this program, such as `systemctl restart windlass`.",
            )
        };
        Err(Error::new(
            Code::ProtocolMismatch,
            format!("this program ({WINDLASS}) speaks admin protocol {ours}, the service ({service}) protocol {theirs}: {older}"),
        )
        .with_hint(hint))
    }

    /// Whether somebody listens at a socket, be it that nothing is answered.
    pub(super) fn is_there(path: &Path) -> bool {
        std::os::unix::net::UnixStream::connect(path).is_ok()
    }

    /// Which program answers.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Asks.
    ///
    /// # Errors
    /// The service's refusal, word for word; [`Code::ServiceDown`] if it is gone.
    pub async fn ask(&self, ask: &Ask) -> Result<Answer> {
        let limit = match ask {
            Ask::Rehearse { .. } => LONG,
            _ => ANSWER,
        };
        self.post("/v1/ask", ask, Via::Command, limit).await
    }

    /// Acts. What was begun is finished, even if nobody waits for it any more.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn act(&self, act: &Act, via: Via) -> Result<Done> {
        self.post("/v1/act", act, via, LONG).await
    }

    /// Requests as they are answered; the filter's words are those of `windlass traffic`.
    ///
    /// # Errors
    /// As [`Client::ask`]; a filter that cannot be read, with the position.
    pub async fn traffic(&self, filter: &str) -> Result<Batches<Exchange>> {
        self.stream("/v1/traffic", filter).await
    }

    /// Lines of the log as they come; the filter's words are those of `windlass logs`.
    ///
    /// # Errors
    /// As [`Client::traffic`].
    pub async fn logs(&self, filter: &str) -> Result<Batches<LogLine>> {
        self.stream("/v1/logs", filter).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        value: &impl serde::Serialize,
        via: Via,
        limit: Duration,
    ) -> Result<T> {
        let body = serde_json::to_vec(value).map_err(Error::internal)?;
        let asked = async {
            let response = self.send(Method::POST, path, body.into(), via).await?;
            read(response).await
        };
        timeout(limit, asked).await.map_err(|_| self.silent(limit))?
    }

    async fn stream<T: DeserializeOwned + Send + 'static>(&self, path: &str, filter: &str) -> Result<Batches<T>> {
        let target = format!("{path}?filter={}", utf8_percent_encode(filter, NON_ALPHANUMERIC));
        let asked = self.send(Method::GET, &target, Bytes::new(), Via::Command);
        let response = timeout(ANSWER, asked).await.map_err(|_| self.silent(ANSWER))??;
        let response = accepted(response).await?;
        let (sender, batches) = mpsc::channel(2);
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                error = lines(response.into_body(), &sender) => {
                    if let Err(error) = error {
                        // The reader may be gone: then nobody needs to know.
                        _ = sender.send(Err(error)).await;
                    }
                }
            }
        });
        Ok(batches)
    }

    async fn send(&self, method: Method, target: &str, body: Bytes, via: Via) -> Result<Response<Incoming>> {
        let connected = timeout(CONNECT, UnixStream::connect(&self.path)).await;
        let stream = connected
            .map_err(|_| self.silent(CONNECT))?
            .map_err(|error| self.unreachable(error))?;
        if let Ok(peer) = stream.peer_cred()
            && !self.owners.contains(&peer.uid())
        {
            return Err(Error::new(
                Code::Forbidden,
                format!(
                    "{} answers at {}, who does not own this project",
                    user_name(peer.uid()),
                    self.path.display()
                ),
            )
            .with_hint("Somebody else has made that socket: look who, and remove it, or set admin.socket."));
        }
        let broken = |error: hyper::Error| {
            Error::new(Code::ServiceDown, "the service ended in the middle of an answer")
                .with_hint("`windlass health` says how it is.")
                .with_source(error)
        };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, "windlass")
            .header("windlass-via", via.as_str())
            .body(Full::new(body))
            .map_err(Error::internal)?;
        sender.send_request(request).await.map_err(broken)
    }

    fn silent(&self, limit: Duration) -> Error {
        Error::new(
            Code::ServiceDown,
            format!(
                "the service at {} does not answer within {} s",
                self.path.display(),
                limit.as_secs()
            ),
        )
        .with_hint("It hangs or is overloaded: look at its log, and restart it if it stays so.")
    }

    fn unreachable(&self, error: std::io::Error) -> Error {
        let path = self.path.display();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory => {
                Error::new(Code::ServiceDown, format!("no service answers at {path}"))
                    .with_hint("Start it with `windlass serve`.")
            }
            ErrorKind::PermissionDenied => {
                let who = self.path.metadata().ok().map(|found| {
                    let group = Group::from_gid(Gid::from_raw(found.gid())).ok().flatten();
                    let group = group.map_or_else(|| found.gid().to_string(), |group| group.name);
                    format!("{}, or a member of group {group}", user_name(found.uid()))
                });
                let who = who.unwrap_or_else(|| "the service's user, or with sudo".to_owned());
                Error::new(Code::Forbidden, format!("this user may not use {path}"))
                    .with_hint(format!("Try again as {who}; admin.group names the group."))
            }
            _ => Error::new(Code::ServiceDown, format!("{path} cannot be connected to: {error}")),
        }
        .with_source(error)
    }
}

/// The parts of a problem that an error is rebuilt from.
#[derive(Deserialize)]
struct Problem {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

async fn accepted(response: Response<Incoming>) -> Result<Response<Incoming>> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = collect(response).await?;
    let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
        return Err(Error::new(
            Code::ProtocolMismatch,
            format!("the service answered {status} without saying why"),
        )
        .with_hint("Is it really Windlass that listens there?"));
    };
    // A newer service may have codes that are unknown here.
    let mut error = Error::new(Code::parse(&problem.code).unwrap_or(Code::Internal), problem.message);
    if let Some(details) = problem.details {
        error = error.with_details(details);
    }
    if let Some(hint) = problem.hint {
        error = error.with_hint(hint);
    }
    Err(error)
}

async fn read<T: DeserializeOwned>(response: Response<Incoming>) -> Result<T> {
    let body = collect(accepted(response).await?).await?;
    serde_json::from_slice(&body).map_err(|error| {
        Error::new(
            Code::ProtocolMismatch,
            format!("the service's answer cannot be read: {error}"),
        )
        .with_hint("Use the program that the service runs.")
    })
}

async fn collect(response: Response<Incoming>) -> Result<Bytes> {
    let whole = Limited::new(response.into_body(), LARGEST).collect().await;
    whole.map(http_body_util::Collected::to_bytes).map_err(|error| {
        Error::new(Code::ServiceDown, "the service ended in the middle of an answer")
            .with_hint("`windlass health` says how it is.")
            .with_source(error)
    })
}

/// Cuts a body into lines, until it ends.
async fn lines<T: DeserializeOwned>(mut body: Incoming, sender: &mpsc::Sender<Result<Batch<T>>>) -> Result<()> {
    let gone = || Error::new(Code::ServiceDown, "the service stopped").with_hint("Start it with `windlass serve`.");
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let frame = timeout(SILENCE, body.frame()).await.map_err(|_| gone())?;
        // Streams end only with the service.
        let frame = frame.ok_or_else(gone)?.map_err(|error| gone().with_source(error))?;
        let Some(data) = frame.data_ref() else { continue };
        rest.extend_from_slice(data);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else {
            if rest.len() > LONGEST_LINE {
                return Err(Error::new(Code::ProtocolMismatch, "a line of the stream does not end"));
            }
            continue;
        };
        let tail = rest.split_off(end + 1);
        let whole = std::mem::replace(&mut rest, tail);
        let mut batch = Batch::default();
        for line in whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if line.starts_with(b"{\"lost\":") {
                #[derive(Deserialize)]
                struct Lost {
                    lost: u64,
                }
                let lost: Lost = serde_json::from_slice(line).map_err(Error::internal)?;
                batch.lost += lost.lost;
                continue;
            }
            let item = serde_json::from_slice(line).map_err(|error| {
                Error::new(
                    Code::ProtocolMismatch,
                    format!("a line of the stream cannot be read: {error}"),
                )
            })?;
            batch.items.push(item);
        }
        if !batch.is_empty() && sender.send(Ok(batch)).await.is_err() {
            return Ok(());
        }
    }
}
