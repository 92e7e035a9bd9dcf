//! The Unix socket: who comes, what is asked, and how it is answered over HTTP/1.1.

use std::convert::Infallible;
use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::batches::Batches;
use super::desk::{Actor, Desk, Via};
use super::place;
use super::protocol::{Act, Ask, PROTOCOL, Version};
use crate::app::Project;
use crate::error::{Code, Error, Result};
use crate::http::problem;

/// Connections at a time: a console needs two or three.
const CONNECTIONS: usize = 32;
/// Questions are short.
const LARGEST_BODY: usize = 64 * 1024;
/// For a head, and for a body.
const PATIENCE: Duration = Duration::from_secs(10);
/// For what is being answered when the service stops.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// In a silent stream, so that both sides see that the other is gone.
const HEARTBEAT: Duration = Duration::from_secs(10);

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The socket, bound; nobody is answered yet.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    project: Project,
}

impl Socket {
    /// Makes the socket of a project, for its user and the group in `admin.group` alone. One that a killed process left is
    /// replaced.
    ///
    /// # Errors
    /// [`Code::ListenFailed`], also if another service answers there; [`Code::ConfigInvalid`] for an unknown group.
    pub fn bind(project: &Project) -> Result<Self> {
        let path = place::make(project)?;
        let group = place::group(project)?;
        let listener = bind(&path, group).map_err(|error| {
            Error::new(
                Code::ListenFailed,
                format!("the admin socket {} cannot be made: {error}", path.display()),
            )
            .with_hint("Name another place with admin.socket in windlass.toml, or stop who holds it.")
        })?;
        place::note(project, &path);
        Ok(Self {
            listener,
            path,
            project: project.clone(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers until `shutdown` is over; then streams end, questions under way are answered, and the socket is removed.
    pub async fn run(self, desk: Arc<Desk>, shutdown: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!("the admin socket cannot accept: {error}");
                    // Out of files, most likely: trying again at once would only spin.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let (desk, stopping) = (Arc::clone(&desk), stopping.clone());
                    connections.spawn(async move {
                        converse(stream, desk, stopping).await;
                        drop(place);
                    });
                }
                Err(_) => turn_away(stream).await,
            }
        }
        // From now on nobody finds it, so that a new service can take its place.
        place::clear(&self.project, &self.path);
        drop(self.listener);
        stop.send_replace(true);
        let rest = async { while connections.join_next().await.is_some() {} };
        if timeout(LAST_WORDS, rest).await.is_err() {
            tracing::debug!("an admin connection was cut off");
        }
    }
}

/// Binds in a folder that nobody else may enter, sets mode and group, then moves it: nobody can connect before they are
/// right.
fn bind(path: &Path, group: Option<u32>) -> Result<UnixListener, Box<dyn std::error::Error + Send + Sync>> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err("another process answers there".into());
    }
    if let Ok(found) = std::fs::symlink_metadata(path)
        && !found.file_type().is_socket()
    {
        return Err("a file that is no socket is in the way".into());
    }
    // A short name: the address of a Unix socket has 108 bytes.
    let folder = path.with_file_name(format!(".{}", std::process::id()));
    // Left by a process of the same number: in a container all have the same.
    _ = std::fs::remove_dir_all(&folder);
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let made = in_folder(&folder, path, group);
    _ = std::fs::remove_dir_all(&folder);
    Ok(UnixListener::from_std(made?)?)
}

fn in_folder(folder: &Path, path: &Path, group: Option<u32>) -> std::io::Result<std::os::unix::net::UnixListener> {
    let unfinished = folder.join("s");
    let listener = std::os::unix::net::UnixListener::bind(&unfinished)?;
    if group.is_some() {
        std::os::unix::fs::chown(&unfinished, None, group)?;
    }
    std::fs::set_permissions(&unfinished, Permissions::from_mode(0o660))?;
    listener.set_nonblocking(true)?;
    std::fs::rename(&unfinished, path)?;
    Ok(listener)
}

/// Too many are here already.
async fn turn_away(mut stream: UnixStream) {
    let error = Error::new(
        Code::PoolTimeout,
        format!("{CONNECTIONS} consoles and commands are connected already"),
    )
    .with_hint("Close one of them.");
    let body = problem::for_operator(&error, "");
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let say = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await?;
        // What the client has sent is read, too: closed before that, the answer would be lost on its way.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // A client that does not read is none of our trouble.
    _ = timeout(Duration::from_millis(100), say).await;
}

async fn converse(stream: UnixStream, desk: Arc<Desk>, mut stopping: watch::Receiver<bool>) {
    let user = peer(&stream);
    let streams = stopping.clone();
    let service = service_fn(move |request| {
        let (desk, user, stopping) = (Arc::clone(&desk), user.clone(), streams.clone());
        async move { Ok::<_, Infallible>(answer(request, &desk, &user, stopping).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("an admin connection broke: {error}");
    }
}

/// Ends when the service stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Without a sender the socket is gone already.
    _ = stopping.wait_for(|stop| *stop).await;
}

/// Who is at the other end; the kernel says so.
fn peer(stream: &UnixStream) -> String {
    match stream.peer_cred() {
        Ok(found) => super::desk::user_name(found.uid()),
        Err(_) => "unknown".to_owned(),
    }
}

async fn answer(
    request: Request<Incoming>,
    desk: &Arc<Desk>,
    user: &str,
    stopping: watch::Receiver<bool>,
) -> Response<Body> {
    route(request, desk, user, stopping)
        .await
        .unwrap_or_else(|error| refuse(&error))
}

async fn route(
    request: Request<Incoming>,
    desk: &Arc<Desk>,
    user: &str,
    stopping: watch::Receiver<bool>,
) -> Result<Response<Body>> {
    let path = request.uri().path().to_owned();
    let allowed = match path.as_str() {
        "/version" | "/v1/traffic" | "/v1/logs" => Method::GET,
        "/v1/ask" | "/v1/act" => Method::POST,
        _ => {
            return Err(Error::new(
                Code::RouteNotFound,
                format!("there is no {path} here: this is Windlass {WINDLASS}, which speaks admin protocol {PROTOCOL}"),
            )
            .with_hint("GET /version, POST /v1/ask, POST /v1/act, GET /v1/traffic and GET /v1/logs are answered."));
        }
    };
    if *request.method() != allowed {
        return Err(Error::new(
            Code::MethodNotAllowed,
            format!("{path} is asked with {allowed}"),
        ));
    }
    match path.as_str() {
        "/version" => json(&Version {
            protocol: PROTOCOL,
            windlass: WINDLASS.to_owned(),
        }),
        "/v1/ask" => {
            let ask: Ask = read(request).await?;
            json(&desk.ask(ask).await?)
        }
        "/v1/act" => {
            let actor = Actor {
                user: user.to_owned(),
                via: via(&request)?,
            };
            let act: Act = read(request).await?;
            json(&Arc::clone(desk).act(act, actor).await?)
        }
        "/v1/traffic" => Ok(lines(desk.traffic(&filter(&request)?)?, stopping)),
        _ => Ok(lines(desk.logs(&filter(&request)?)?, stopping)),
    }
}

/// The program's version.
pub(super) const WINDLASS: &str = env!("CARGO_PKG_VERSION");

fn via(request: &Request<Incoming>) -> Result<Via> {
    match request.headers().get("windlass-via") {
        None => Ok(Via::Command),
        Some(text) => text
            .to_str()
            .ok()
            .and_then(Via::parse)
            .ok_or_else(|| Error::new(Code::BadHeader, "windlass-via is `console` or `command`")),
    }
}

fn filter(request: &Request<Incoming>) -> Result<String> {
    let query = request.uri().query().unwrap_or_default();
    let mut filter = String::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name != "filter" {
            return Err(Error::new(
                Code::BadQuery,
                format!("there is no parameter `{name}`, only `filter`"),
            ));
        }
        let value = value.replace('+', " ");
        filter = percent_decode_str(&value)
            .decode_utf8()
            .map_err(|_| Error::new(Code::BadQuery, "the filter is not UTF-8"))?
            .into_owned();
    }
    Ok(filter)
}

async fn read<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T> {
    let body = Limited::new(request.into_body(), LARGEST_BODY).collect();
    let body = timeout(PATIENCE, body)
        .await
        .map_err(|_| Error::new(Code::RequestTimeout, Code::RequestTimeout.title()))?
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                Error::new(
                    Code::BodyTooLarge,
                    format!("the body is larger than {LARGEST_BODY} bytes"),
                )
            } else {
                Error::new(Code::BadJson, "the body broke off").with_source(error)
            }
        })?;
    serde_json::from_slice(&body.to_bytes())
        .map_err(|error| Error::new(Code::BadJson, format!("the body cannot be read: {error}")))
}

fn json(value: &impl Serialize) -> Result<Response<Body>> {
    let text = serde_json::to_vec(value).map_err(Error::internal)?;
    Ok(response(StatusCode::OK, "application/json", whole(text)))
}

fn refuse(error: &Error) -> Response<Body> {
    if error.code() == Code::Internal {
        tracing::error!(cause = ?std::error::Error::source(error), "an admin request failed: {error}");
    }
    let body = problem::for_operator(error, &uuid::Uuid::now_v7().to_string());
    response(
        problem::status_for_operator(error.kind()),
        "application/problem+json",
        whole(body),
    )
}

fn response(status: StatusCode, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn whole(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from(bytes)).boxed_unsync()
}

/// Batches as one JSON object per line.
fn lines<T: Serialize + Send + 'static>(batches: Batches<T>, stopping: watch::Receiver<bool>) -> Response<Body> {
    // The first line goes out at once: the client sees that it is heard.
    let state = (batches, stopping, true);
    let frames = stream::unfold(state, |(mut batches, mut stopping, first)| async move {
        if first {
            return Some((Ok(Frame::data(Bytes::from_static(b"\n"))), (batches, stopping, false)));
        }
        let batch = tokio::select! {
            batch = timeout(HEARTBEAT, batches.recv()) => batch,
            () = stopped(&mut stopping) => return None,
        };
        let bytes = match batch {
            Err(_) => Bytes::from_static(b"\n"),
            Ok(None | Some(Err(_))) => return None,
            Ok(Some(Ok(batch))) => {
                let mut text = Vec::new();
                if batch.lost > 0 {
                    text.extend_from_slice(format!("{{\"lost\":{}}}\n", batch.lost).as_bytes());
                }
                for item in &batch.items {
                    // Only into memory, and of types that can always be written.
                    if serde_json::to_writer(&mut text, item).is_ok() {
                        text.push(b'\n');
                    }
                }
                text.into()
            }
        };
        Some((Ok(Frame::data(bytes)), (batches, stopping, false)))
    });
    response(
        StatusCode::OK,
        "application/x-ndjson",
        StreamBody::new(frames).boxed_unsync(),
    )
}
