//! Keys that an issuer publishes: a JWKS behind a URL, fetched when it is needed and kept while it is good.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::key::Key;
use super::read;
use crate::config::Algorithm;
use crate::db::connect;

/// For the whole of a fetch.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest set of keys, in bytes.
const LARGEST: usize = 256 * 1024;

/// When keys are fetched anew.
#[derive(Debug, Clone, Copy)]
pub struct Refresh {
    /// Older: they are fetched, while those that are known still serve.
    pub fresh: Duration,
    /// A token names a key that is not known, and what is known is older than this: they are fetched first.
    pub unknown: Duration,
    /// Older: they serve no more, even if the issuer is away.
    pub most: Duration,
    /// After a fetch that failed, the next one waits so long.
    pub pause: Duration,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            fresh: Duration::from_mins(5),
            unknown: Duration::from_secs(30),
            most: Duration::from_hours(24),
            pause: Duration::from_secs(5),
        }
    }
}

/// The keys of an issuer.
pub(super) struct Remote {
    pub(super) algorithm: Algorithm,
    kid: Option<String>,
    url: Uri,
    pub(super) refresh: Refresh,
    known: ArcSwapOption<Fetched>,
    // One fetch at a time: who comes meanwhile waits for it.
    fetching: tokio::sync::Mutex<()>,
    failed: Mutex<Option<Instant>>,
}

/// Keys as they were at a moment.
pub(super) struct Fetched {
    pub(super) keys: Vec<Key>,
    at: Instant,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Remote({}, {})", self.algorithm.as_str(), self.url)
    }
}

impl Remote {
    /// The keys behind a URL that are for an algorithm; nothing is fetched yet.
    ///
    /// # Errors
    /// For what is no URL.
    pub(super) fn new(url: &str, algorithm: Algorithm, kid: Option<String>) -> Result<Self, String> {
        let url: Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
        if url.host().is_none() {
            return Err("it names no host".to_owned());
        }
        Ok(Self {
            algorithm,
            kid,
            url,
            refresh: Refresh::default(),
            known: ArcSwapOption::empty(),
            fetching: tokio::sync::Mutex::default(),
            failed: Mutex::default(),
        })
    }

    /// The keys, which may be a little old; none where they cannot be had.
    pub(super) async fn keys(self: &Arc<Self>) -> Option<Arc<Fetched>> {
        match self.usable() {
            Some(known) if known.at.elapsed() <= self.refresh.fresh => Some(known),
            Some(known) => {
                // Whoever asks does not wait: what is known is still good.
                if self.may_try() {
                    let remote = Arc::clone(self);
                    tokio::spawn(async move { remote.fetch(remote.refresh.fresh).await });
                }
                Some(known)
            }
            None => self.fetch(self.refresh.fresh).await,
        }
    }

    /// The keys for a token that names none of those that are known.
    pub(super) async fn newer(&self) -> Option<Arc<Fetched>> {
        match self.usable() {
            Some(known) if known.at.elapsed() <= self.refresh.unknown => None,
            _ => self.fetch(self.refresh.unknown).await,
        }
    }

    fn usable(&self) -> Option<Arc<Fetched>> {
        self.known
            .load_full()
            .filter(|known| known.at.elapsed() <= self.refresh.most)
    }

    fn may_try(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_none_or(|failed| failed.elapsed() > self.refresh.pause)
    }

    /// Fetches the keys, unless somebody else just did.
    async fn fetch(&self, age: Duration) -> Option<Arc<Fetched>> {
        let _one = self.fetching.lock().await;
        let known = self.usable();
        if known.as_ref().is_some_and(|known| known.at.elapsed() <= age) || !self.may_try() {
            return known;
        }
        let at = Instant::now();
        let fetched = timeout(PATIENCE, get(&self.url)).await;
        let read = match fetched {
            Ok(Ok(bytes)) => self.read(&bytes),
            Ok(Err(why)) => Err(why),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        match read {
            Ok(keys) => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
                tracing::debug!(url = %self.url, keys = keys.len(), "keys of tokens fetched");
                let fetched = Arc::new(Fetched { keys, at });
                self.known.store(Some(Arc::clone(&fetched)));
                Some(fetched)
            }
            Err(why) => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                let kept = known.is_some();
                tracing::warn!(url = %self.url, kept, "keys of tokens could not be fetched: {why}");
                known
            }
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<Key>, String> {
        let found = read::keys(bytes, self.algorithm)?;
        found
            .into_iter()
            .map(|(kid, parts)| Key::new(self.algorithm, self.kid.clone().or(kid), parts))
            .collect()
    }
}

/// `GET`, without following anything.
async fn get(url: &Uri) -> Result<Bytes, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let secure = url.scheme_str() == Some("https");
    let host = url.host().unwrap_or_default();
    // An IPv6 address stands in brackets in a URL, and in none elsewhere.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let tcp = TcpStream::connect((bare, port)).await.map_err(|error| told(&error))?;
    if !secure {
        return ask(tcp, url).await;
    }
    let config = connect::tls_config().map_err(|error| told(&error))?;
    let name = ServerName::try_from(bare.to_owned()).map_err(|error| told(&error))?;
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
    ask(tls.map_err(|error| told(&error))?, url).await
}

async fn ask<S>(stream: S, url: &Uri) -> Result<Bytes, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let opened = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(|error| told(&error))?;
    // It ends with the sender; what goes wrong is also the answer's error.
    tokio::spawn(async move { _ = connection.await });
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, url.authority().map_or("", |authority| authority.as_str()))
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .header(USER_AGENT, "windlass")
        .body(Empty::<Bytes>::new())
        .map_err(|error| told(&error))?;
    let response = sender.send_request(request).await.map_err(|error| told(&error))?;
    if response.status() != StatusCode::OK {
        return Err(format!("the answer is {}", response.status()));
    }
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    Ok(body.map_err(|error| told(&error))?.to_bytes())
}
