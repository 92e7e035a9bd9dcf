//! Sends a trial to the service's public address, as any client would.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::state::trial::{Reply, Trial, TrialReply};

/// For the whole of it.
const LIMIT: Duration = Duration::from_secs(30);
/// So much of the body is shown.
const SHOWN: usize = 64 * 1024;
/// So much of it is read before it is given up.
const LARGEST: usize = 8 << 20;

/// Sends it, and waits for the reply.
pub async fn send(trial: Trial) -> TrialReply {
    let result = match tokio::time::timeout(LIMIT, connect(&trial)).await {
        Ok(result) => result,
        Err(_) => Err(format!("no reply within {} s", LIMIT.as_secs())),
    };
    TrialReply { trial, result }
}

async fn connect(trial: &Trial) -> Result<Reply, String> {
    let refused = |error: std::io::Error| format!("{} cannot be connected to: {error}", trial.address);
    if let Some(path) = trial.address.strip_prefix("unix:") {
        return exchange(trial, "localhost", UnixStream::connect(path).await.map_err(refused)?).await;
    }
    let host = trial.address.strip_prefix("http://").unwrap_or(&trial.address);
    // Whoever listens on all addresses is found on this machine's own.
    let local = host.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    exchange(trial, host, TcpStream::connect(&local).await.map_err(refused)?).await
}

async fn exchange(
    trial: &Trial,
    host: &str,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Reply, String> {
    let mut request = Request::builder()
        .method(trial.method.as_str())
        .uri(trial.target.as_str())
        .header(HOST, host);
    for (name, value) in &trial.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(trial.body.clone().unwrap_or_default()));
    let request = request
        .body(body)
        .map_err(|error| format!("this cannot be sent: {error}"))?;
    let started = Instant::now();
    let broken = |error: hyper::Error| format!("the connection broke: {error}");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, LARGEST)
        .collect()
        .await
        .map_err(|error| format!("the body cannot be read: {error}"))?
        .to_bytes();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let text = String::from_utf8_lossy(body.get(..SHOWN).unwrap_or(&body)).into_owned();
    Ok(Reply {
        status: parts.status.as_u16(),
        headers,
        body: text,
        cut: body.len() > SHOWN,
        duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    })
}
