//! Listeners, the one handler behind them, and the way out.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use salvo::conn::tcp::TcpAcceptor;
use salvo::conn::unix::{UnixAcceptor, UnixListener};
use salvo::conn::{Acceptor, Listener};
use salvo::fuse::FuseConfig;
use salvo::http::Method;
use salvo::{Depot, FlowCtrl, Handler, Request, Response, Router, async_trait};
use tokio::task::JoinSet;

use super::shared::Shared;
use super::{Refusal, Reply, challenge, problem, router};
use crate::app::Context;
use crate::config::{Listen, SecurityHeaders};
use crate::error::{Code, Error, Result};
use crate::guards::Guards;
use crate::guards::rate::{self, Key};
use crate::plan::Principal;
use crate::telemetry::observation::Observation;
use crate::telemetry::stages::Stopwatch;

enum Bound {
    Tcp(TcpAcceptor),
    Unix(UnixAcceptor),
}

/// A server that listens, but does not answer yet.
pub struct Server {
    bound: Vec<Bound>,
    addresses: Vec<Listen>,
    sockets: Vec<PathBuf>,
}

impl Server {
    /// Listens on every address, or on none.
    ///
    /// # Errors
    /// `listen_failed`, naming the address and what to do.
    pub async fn bind(listens: &[Listen]) -> Result<Self> {
        let mut server = Self {
            bound: Vec::new(),
            addresses: Vec::new(),
            sockets: Vec::new(),
        };
        for listen in listens {
            match listen {
                Listen::Tcp(address) => {
                    let socket = tokio::net::TcpListener::bind(address)
                        .await
                        .map_err(|error| refused(listen, error))?;
                    server.addresses.push(Listen::Tcp(
                        socket.local_addr().map_err(|error| refused(listen, error))?,
                    ));
                    server
                        .bound
                        .push(Bound::Tcp(socket.try_into().map_err(|error| refused(listen, error))?));
                }
                Listen::Unix(path) => {
                    server
                        .bound
                        .push(Bound::Unix(unix(path).await.map_err(|error| refused(listen, error))?));
                    server.addresses.push(listen.clone());
                    server.sockets.push(path.clone());
                }
            }
        }
        Ok(server)
    }

    /// Where it listens, with the ports that were found.
    #[must_use]
    pub fn addresses(&self) -> &[Listen] {
        &self.addresses
    }

    /// Answers until `shutdown` is over; then readiness fails, requests in flight finish, and it returns.
    ///
    /// # Errors
    /// `listen_failed` if a listener breaks.
    pub async fn run(
        self,
        context: Arc<Context>,
        guards: Arc<Guards>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<()> {
        let mut tasks = JoinSet::new();
        let mut handles = Vec::new();
        for bound in self.bound {
            match bound {
                Bound::Tcp(acceptor) => start(acceptor, &context, &guards, &mut tasks, &mut handles),
                Bound::Unix(acceptor) => start(acceptor, &context, &guards, &mut tasks, &mut handles),
            }
        }
        tokio::pin!(shutdown);
        let early = tokio::select! {
            () = &mut shutdown => None,
            ended = tasks.join_next() => ended,
        };
        context.stop();
        for handle in &handles {
            handle.stop_graceful(context.limits.shutdown_timeout);
        }
        while tasks.join_next().await.is_some() {}
        for path in &self.sockets {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::debug!(path = %path.display(), "socket not removed: {error}");
            }
        }
        match early {
            Some(Ok(Err(error))) => Err(Error::new(Code::ListenFailed, Code::ListenFailed.title()).with_source(error)),
            Some(Err(error)) => Err(Error::internal(error)),
            _ => Ok(()),
        }
    }
}

fn start<A: Acceptor + Send + 'static>(
    acceptor: A,
    context: &Arc<Context>,
    guards: &Arc<Guards>,
    tasks: &mut JoinSet<std::io::Result<()>>,
    handles: &mut Vec<salvo::server::ServerHandle>,
) {
    let limits = &context.limits;
    let fuse = FuseConfig::default()
        .with_http1_header_timeout(limits.header_timeout)
        .with_connection_idle_timeout(limits.idle_timeout)
        .with_write_stall_timeout(limits.idle_timeout);
    let mut server = salvo::Server::new(acceptor).fuse_config(fuse);
    server.http1_mut().keep_alive(true).max_buf_size(64 * 1024);
    handles.push(server.handle());
    let router = Router::with_path("{**path}").goal(Entry(Arc::clone(context), Arc::clone(guards)));
    tasks.spawn(server.try_serve(router));
}

fn refused(listen: &Listen, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = error.into();
    Error::new(Code::ListenFailed, format!("cannot listen on {listen}: {error}"))
        .with_hint("another program may hold it; choose one with --listen ADDR")
        .with_source(error)
}

/// Binds under another name, sets the mode, then renames: nobody can connect before the mode is right,
/// and a socket left by a killed process does not stand in the way. One that answers is left alone.
async fn unix(path: &Path) -> Result<UnixAcceptor, Box<dyn std::error::Error + Send + Sync>> {
    use std::os::unix::fs::PermissionsExt;
    if tokio::net::UnixStream::connect(path).await.is_ok() {
        return Err("another process answers there".into());
    }
    if path.exists() && !std::os::unix::fs::FileTypeExt::is_socket(&std::fs::symlink_metadata(path)?.file_type()) {
        return Err("a file that is no socket is in the way".into());
    }
    let mut name = path.file_name().ok_or("the path has no file name")?.to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let acceptor = UnixListener::new(temporary.clone())
        .permissions(std::fs::Permissions::from_mode(0o660))
        .try_bind()
        .await?;
    std::fs::rename(&temporary, path)?;
    Ok(acceptor)
}

/// A reply with what keeps browsers careful, where its route says nothing of its own.
fn careful(mut reply: Reply, headers: &SecurityHeaders) -> Reply {
    for (name, value) in &headers.0 {
        if !reply.headers.contains_key(*name) {
            reply = reply.header(name, value);
        }
    }
    reply
}

/// The one handler: every route is behind it, as routes change while the service runs.
struct Entry(Arc<Context>, Arc<Guards>);

#[async_trait]
impl Handler for Entry {
    async fn handle(&self, request: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let mut trace = router::Trace {
            watch: Stopwatch::start(),
            route: None,
            principal: Principal::Anonymous,
            counted: Key::Local,
            standings: Vec::new(),
            guards: Arc::clone(&self.1),
        };
        let Self(context, guards) = self;
        // Once: the whole request sees the same snapshot.
        let published = context.published.load_full();
        let request_id = router::request_id(request);
        let head = *request.method() == Method::HEAD;
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let shared = Shared::at(&guards.cors, &path);
        let preflight = shared.preflight(&method, request.headers());
        let asked_before = preflight.is_some();
        let answered = if let Some(reply) = preflight {
            Ok(reply)
        } else {
            let answering = router::answer(context, &published, request, &mut trace);
            let answered = AssertUnwindSafe(answering).catch_unwind().await;
            answered.unwrap_or_else(|_| Err(Error::internal("a handler panicked").into()))
        };
        let (mut reply, error) = match answered {
            Ok(reply) => (reply, None),
            Err(Refusal { error, headers }) => {
                let reply = problem::reply(&error, &request_id);
                let reply = headers
                    .iter()
                    .fold(reply, |reply, (name, value)| reply.header(name, value));
                (reply, Some(error))
            }
        };
        reply = reply
            .header("x-request-id", &request_id)
            .header("x-content-type-options", "nosniff");
        if trace.route.is_some() {
            reply = challenge::cached(reply, &trace.principal);
        }
        if !asked_before {
            reply = shared.told(reply, request.headers());
        }
        if let Some((policies, left)) = rate::fields(&trace.standings) {
            reply = reply.header("ratelimit-policy", &policies).header("ratelimit", &left);
        }
        reply = careful(reply, &guards.headers);
        let duration = trace.watch.stop();
        let route = trace.route.and_then(|place| {
            let route = published.snapshot.routes.get(place)?;
            Some((route.name.as_str(), &**published.counters.get(place)?))
        });
        Observation {
            request_id: &request_id,
            method: method.as_str(),
            path: &path,
            route,
            status: reply.status.as_u16(),
            duration,
            bytes: if head { 0 } else { reply.body.known_bytes() },
            stages: trace.watch.stages(),
            error: error.as_ref(),
        }
        .tell(&context.telemetry);
        reply.send(response, head, &request_id);
    }
}
