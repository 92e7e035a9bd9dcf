//! Opens connections: the one door for lanes, stores, migrations and introspection.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Code, Error, Result};

/// How long a connection may take, when its settings do not say.
const CONNECT: Duration = Duration::from_secs(3);
/// How long sent data may stay unacknowledged before the connection counts as dead.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);

/// Tells when a connection has ended.
#[derive(Debug, Clone)]
pub struct Closed(watch::Receiver<bool>);

impl Closed {
    /// Waits until the connection has ended.
    pub async fn wait(mut self) {
        // The sender is gone when its task is: ended as well.
        let _ended = self.0.wait_for(|closed| *closed).await;
    }
}

/// Opens a connection and lets a task of its own carry it; the task ends with the client.
///
/// # Errors
/// [`Code::DatabaseRefused`] if the server said no and would say so again, [`Code::DatabaseUnavailable`] otherwise.
pub async fn open(config: &Config) -> Result<Client> {
    open_watched(config).await.map(|(client, _closed)| client)
}

/// As [`open`], with a handle that tells when the connection has ended.
///
/// # Errors
/// As [`open`].
pub async fn open_watched(config: &Config) -> Result<(Client, Closed)> {
    let mut config = config.clone();
    let limit = *config.get_connect_timeout().unwrap_or(&CONNECT);
    config
        .connect_timeout(limit)
        .tcp_user_timeout(UNACKNOWLEDGED)
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(30))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3);
    if config.get_application_name().is_none() {
        config.application_name("windlass");
    }
    // Its own timeout covers only the TCP handshake, not a server that accepts and then says nothing.
    let opened = tokio::time::timeout(limit, connect(&config)).await;
    match opened {
        Ok(result) => result,
        Err(_) => Err(unavailable(
            &config,
            &format!("no answer within {} s", limit.as_secs_f32()),
        )),
    }
}

/// Asks the server to end what runs on a connection of this config. It may have ended already: then what runs there next
/// is ended instead, so the connection must not be used again.
///
/// # Errors
/// [`Code::DatabaseUnavailable`] if the server cannot be asked.
pub async fn cancel(config: &Config, token: &CancelToken) -> Result<()> {
    let asked = async {
        if is_plain(config) {
            token.cancel_query(NoTls).await.map_err(Error::internal)
        } else {
            token.cancel_query(tls()?).await.map_err(Error::internal)
        }
    };
    tokio::time::timeout(CONNECT, asked)
        .await
        .unwrap_or_else(|_| Err(unavailable(config, "it does not take a cancellation")))
}

fn is_plain(config: &Config) -> bool {
    let local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
    local || config.get_ssl_mode() == SslMode::Disable
}

async fn connect(config: &Config) -> Result<(Client, Closed)> {
    if is_plain(config) {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| refused(config, error))?;
        Ok((client, carry(connection)))
    } else {
        let (client, connection) = config.connect(tls()?).await.map_err(|error| refused(config, error))?;
        Ok((client, carry(connection)))
    }
}

fn carry<S, T>(connection: tokio_postgres::Connection<S, T>) -> Closed
where
    tokio_postgres::Connection<S, T>: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    let (sender, closed) = watch::channel(false);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!("a database connection broke: {error}");
        }
        sender.send_replace(true);
    });
    Closed(closed)
}

fn tls() -> Result<MakeRustlsConnect> {
    tls_config().map(MakeRustlsConnect::new)
}

/// TLS that verifies against the system's certificates, read once.
///
/// # Errors
/// `internal` if `ring` lacks what TLS needs.
pub fn tls_config() -> Result<rustls::ClientConfig> {
    static TLS: OnceLock<Arc<rustls::RootCertStore>> = OnceLock::new();
    let roots = TLS.get_or_init(|| {
        let mut roots = rustls::RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in found.errors {
            tracing::warn!("a certificate of this system cannot be read: {error}");
        }
        let (_added, _ignored) = roots.add_parsable_certificates(found.certs);
        Arc::new(roots)
    });
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?;
    Ok(builder.with_root_certificates(Arc::clone(roots)).with_no_client_auth())
}

/// `user@host:port/name`: never the password.
#[must_use]
pub fn address(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap_or_default();
    format!("{user}@{host}:{port}/{}", config.get_dbname().unwrap_or(user))
}

fn unavailable(config: &Config, reason: &str) -> Error {
    Error::new(
        Code::DatabaseUnavailable,
        format!("{} cannot be reached: {reason}", address(config)),
    )
    .with_retry_after(1)
    .with_hint("Is the server running, and may this machine reach it? `windlass db psql` shows what it says.")
}

fn refused(config: &Config, error: tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        let hint = (reason.contains("certificate") || reason.contains("UnknownIssuer")).then_some(
            "Add the server's authority to this system's certificates, or write sslmode=disable on a private network.",
        );
        let error = unavailable(config, &reason).with_source(error);
        return match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        };
    };
    let hint = match said.code().code() {
        "28P01" | "28000" => "Check user and password in database.url, and the server's pg_hba.conf.",
        "3D000" => "Create the database, or correct its name in database.url.",
        "53300" => "Lower database.max_connections, or raise max_connections of the server.",
        "57P03" | "57P01" | "57P02" => return unavailable(config, said.message()).with_source(error),
        _ => "This is what the server says; its log may say more.",
    };
    let message = format!("{} refused: {}", address(config), said.message());
    Error::new(Code::DatabaseRefused, message)
        .with_hint(hint)
        .with_source(error)
}
