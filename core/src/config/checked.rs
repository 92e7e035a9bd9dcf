//! Settings that cannot be wrong any more.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::auth::{self, Algorithm, Auth, TokenRules};
use super::cors::{self, Cors};
use super::cost::{CostRules, Stance};
use super::headers::{self, SecurityHeaders};
use super::rate::{self, Rate};
use super::raw::{self, Raw, RawSettings, Value};
use super::secret::Secret;
use crate::diagnostic::Diagnostic;

/// Where the service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// `127.0.0.1:8080`
    Tcp(SocketAddr),
    /// `unix:/run/windlass/http.sock`
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() {
                Err("a path belongs after `unix:`".to_owned())
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        let local = text.replace("localhost:", "127.0.0.1:");
        local
            .parse()
            .map(Self::Tcp)
            .map_err(|_| format!("`{text}` is not an address such as `127.0.0.1:8080` or `unix:/run/windlass.sock`"))
    }
}

impl Listen {
    /// Where a client finds it: `http://127.0.0.1:8080`, or `unix:/run/app.sock`.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Tcp(address) => format!("http://{address}"),
            Self::Unix(_) => self.to_string(),
        }
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one object per line.
    Json,
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API's title, in the docs.
    pub title: String,
    /// The API's version, in the docs.
    pub version: String,
    /// `[http]`
    pub http: Http,
    /// `[database]`
    pub database: Database,
    /// `[postgres]`
    pub postgres: Postgres,
    /// `[cost]`: for every resource whose file says nothing else.
    pub cost: CostRules,
    /// `[auth]`
    pub auth: Auth,
    /// `[cors]`
    pub cors: Cors,
    /// `[headers]`
    pub headers: SecurityHeaders,
    /// `[rate]`
    pub rate: Rate,
    /// `[log]`
    pub log: Log,
    /// `[docs] enabled`
    pub docs: bool,
    /// `[admin]`
    pub admin: Admin,
}

/// `[admin]`: the socket that console and commands use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Whether there is one.
    pub enabled: bool,
    /// Its path; absent: chosen.
    pub socket: Option<PathBuf>,
    /// The group that may use it besides its owner.
    pub group: Option<String>,
}

/// `[http]`
#[derive(Debug, Clone)]
pub struct Http {
    /// At least one.
    pub listen: Vec<Listen>,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// The largest list that is gathered in memory, in bytes.
    pub reply_limit: u64,
    /// For a request's headers to arrive.
    pub header_timeout: Duration,
    /// For a request's body to arrive.
    pub body_timeout: Duration,
    /// For a connection without a request.
    pub idle_timeout: Duration,
    /// For requests in flight, once told to stop.
    pub shutdown_timeout: Duration,
    /// Whether `Prefer: tx=rollback` is followed.
    pub tx_rollback: bool,
}

/// `[database]`
#[derive(Debug, Clone)]
pub struct Database {
    /// An outside server; without it the embedded cluster is used.
    pub url: Option<Secret<tokio_postgres::Config>>,
    /// Connections of the serving side.
    pub max_connections: u32,
    /// For a connection to come free.
    pub pool_wait: Duration,
    /// For one statement.
    pub statement_timeout: Duration,
    /// For a streamed list.
    pub stream_timeout: Duration,
    /// For a connection to be made.
    pub connect_timeout: Duration,
}

/// `[postgres]`: the embedded cluster.
#[derive(Debug, Clone)]
pub struct Postgres {
    /// Bytes to tune for; by default what the machine has.
    pub memory: Option<u64>,
    /// Connections that it allows to Windlass.
    pub max_connections: u32,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// The least level that is written.
    pub level: tracing::level_filters::LevelFilter,
    /// The form of each line.
    pub format: LogFormat,
}

/// Reads settings from the text of `windlass.toml` and the environment; the latter wins.
///
/// Gives all mistakes at once, each with its place; where a value is wrong, its default stands in.
#[must_use]
pub fn read(text: &str, environment: &HashMap<String, String>) -> (Settings, Vec<Diagnostic>) {
    let found = gather(text, environment);
    (found.settings, found.wrong)
}

/// Settings with what they were made from.
pub(super) struct Gathered {
    pub(super) settings: Settings,
    pub(super) raw: RawSettings,
    /// Keys whose value is wrong: their default stands in.
    pub(super) refused: BTreeSet<&'static str>,
    pub(super) wrong: Vec<Diagnostic>,
}

/// As [`read`], and tells which values were taken.
pub(super) fn gather(text: &str, environment: &HashMap<String, String>) -> Gathered {
    let mut wrong = Vec::new();
    let raw = raw::read(text, environment, &mut wrong);
    let mut reader = Reader {
        raw,
        refused: BTreeSet::new(),
        wrong,
    };
    let settings = reader.settings();
    Gathered {
        settings,
        raw: reader.raw,
        refused: reader.refused,
        wrong: reader.wrong,
    }
}

pub(super) struct Reader {
    pub(super) raw: RawSettings,
    pub(super) refused: BTreeSet<&'static str>,
    pub(super) wrong: Vec<Diagnostic>,
}

impl Reader {
    fn settings(&mut self) -> Settings {
        let second = Duration::from_secs(1);
        let max_connections = self.get("database.max_connections", count).unwrap_or(16);
        Settings {
            title: self.get("title", text).unwrap_or_else(|| "Windlass".to_owned()),
            version: self.get("version", text).unwrap_or_else(|| "0.1.0".to_owned()),
            http: Http {
                listen: self.listen(),
                body_limit: usize::try_from(self.get("http.body_limit", bytes).unwrap_or(1 << 20))
                    .unwrap_or(usize::MAX),
                reply_limit: self.get("http.reply_limit", bytes).unwrap_or(64 << 20),
                header_timeout: self.duration("http.header_timeout", 10 * second),
                body_timeout: self.duration("http.body_timeout", 30 * second),
                idle_timeout: self.duration("http.idle_timeout", 75 * second),
                shutdown_timeout: self.duration("http.shutdown_timeout", 30 * second),
                tx_rollback: self.get("http.tx_rollback", boolean).unwrap_or(false),
            },
            database: Database {
                url: self.get("database.url", url),
                max_connections,
                pool_wait: self.duration("database.pool_wait", second),
                statement_timeout: self.duration("database.statement_timeout", 15 * second),
                stream_timeout: self.duration("database.stream_timeout", 600 * second),
                connect_timeout: self.duration("database.connect_timeout", 3 * second),
            },
            postgres: Postgres {
                memory: self.get("postgres.memory", bytes),
                // Besides the serving side: migrations, stores, introspection, health.
                max_connections: self
                    .get("postgres.max_connections", count)
                    .unwrap_or_else(|| max_connections.saturating_add(8)),
            },
            cost: CostRules {
                unindexed: self.get("cost.unindexed", stance).or(Some(Stance::Off)),
                max_rows: self.get("cost.max_rows", bound),
                max_cost: self.get("cost.max_cost", bound),
                over: self.get("cost.over", stance).or(Some(Stance::Refuse)),
            },
            auth: self.auth(),
            cors: cors::read(self),
            headers: headers::read(self),
            rate: rate::read(self),
            log: Log {
                level: self
                    .get("log.level", level)
                    .unwrap_or(tracing::level_filters::LevelFilter::INFO),
                format: self.get("log.format", format).unwrap_or(LogFormat::Text),
            },
            docs: self.get("docs.enabled", boolean).unwrap_or(true),
            admin: Admin {
                enabled: self.get("admin.enabled", boolean).unwrap_or(true),
                socket: self.get("admin.socket", optional).flatten().map(PathBuf::from),
                group: self.get("admin.group", optional).flatten(),
            },
        }
    }

    pub(super) fn get<T>(&mut self, key: &str, parse: fn(&Raw) -> Result<T, String>) -> Option<T> {
        let (key, raw) = self.raw.get_key_value(key)?;
        match parse(raw) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refused.insert(*key);
                self.wrong.push(raw.wrong(format!("`{key}`: {message}")));
                None
            }
        }
    }

    fn auth(&mut self) -> Auth {
        let algorithm = self
            .get("auth.jwt.algorithm", auth::symmetric)
            .unwrap_or(Algorithm::Hs256);
        let mut keys = Vec::new();
        if let (Some(secret), Some(raw)) = (
            self.get("auth.jwt.secret", optional).flatten(),
            self.raw.get("auth.jwt.secret"),
        ) {
            match auth::simple(raw, secret, algorithm) {
                Ok(key) => keys.push(key),
                Err(message) => {
                    self.refused.insert("auth.jwt.secret");
                    self.wrong.push(raw.wrong(format!("`auth.jwt.secret`: {message}")));
                }
            }
        }
        if let Some(raw) = self.raw.get("auth.keys") {
            let before = self.wrong.len();
            keys.extend(auth::keys(raw, &mut self.wrong));
            if self.wrong.len() > before {
                self.refused.insert("auth.keys");
            }
        }
        let mut claim = |key: &str, default: &str| self.get(key, claim).unwrap_or_else(|| default.to_owned());
        let (role_claim, scope_claim) = (
            claim("auth.jwt.role_claim", "role"),
            claim("auth.jwt.scope_claim", "scope"),
        );
        let tenant_claim = claim("auth.jwt.tenant_claim", "tenant");
        Auth {
            rules: TokenRules {
                issuer: self.get("auth.jwt.issuer", optional).flatten(),
                audience: self.get("auth.jwt.audience", texts).unwrap_or_default(),
                leeway: self.duration("auth.jwt.leeway", Duration::from_secs(30)),
                role_claim,
                scope_claim,
                tenant_claim,
            },
            keys,
        }
    }

    fn duration(&mut self, key: &str, default: Duration) -> Duration {
        self.get(key, duration).unwrap_or(default)
    }

    fn listen(&mut self) -> Vec<Listen> {
        let default = || vec![Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 8080)))];
        let Some(raw) = self.raw.get("http.listen") else {
            return default();
        };
        let items = match &raw.value {
            Value::List(items) if items.is_empty() => {
                self.refused.insert("http.listen");
                self.wrong.push(raw.wrong("`http.listen`: name at least one address"));
                return default();
            }
            Value::List(items) => items.clone(),
            Value::Text(text) if raw.untyped => text
                .split(',')
                .map(|part| Raw {
                    value: Value::Text(part.trim().to_owned()),
                    ..raw.clone()
                })
                .collect(),
            _ => vec![raw.clone()],
        };
        let mut found = Vec::new();
        for item in items {
            match text(&item).and_then(|text| text.parse()) {
                Ok(listen) => found.push(listen),
                Err(message) => {
                    self.refused.insert("http.listen");
                    self.wrong.push(item.wrong(format!("`http.listen`: {message}")));
                }
            }
        }
        found
    }
}

pub(super) fn text(raw: &Raw) -> Result<String, String> {
    match &raw.value {
        Value::Text(text) => Ok(text.clone()),
        _ => Err("must be text in quotes".to_owned()),
    }
}

/// One text, or a list of them; in the environment with commas between them.
pub(super) fn texts(raw: &Raw) -> Result<Vec<String>, String> {
    match &raw.value {
        Value::List(items) => items.iter().map(text).collect(),
        Value::Text(list) if raw.untyped => Ok(list.split(',').map(|part| part.trim().to_owned()).collect()),
        Value::Text(one) => Ok(vec![one.clone()]),
        _ => Err("must be text in quotes, or a list of such".to_owned()),
    }
    .map(|found| found.into_iter().filter(|text| !text.is_empty()).collect())
}

/// The name of a claim, or the path to one.
fn claim(raw: &Raw) -> Result<String, String> {
    let path = text(raw)?;
    if path.split('.').any(str::is_empty) {
        return Err("must name a claim, such as \"role\" or \"app_metadata.role\"".to_owned());
    }
    Ok(path)
}

/// Empty text stands for nothing.
fn optional(raw: &Raw) -> Result<Option<String>, String> {
    text(raw).map(|text| Some(text).filter(|text| !text.is_empty()))
}

pub(super) fn boolean(raw: &Raw) -> Result<bool, String> {
    match &raw.value {
        Value::Boolean(yes) => Ok(*yes),
        Value::Text(text) if raw.untyped => text.parse().map_err(|_| "must be true or false".to_owned()),
        _ => Err("must be true or false".to_owned()),
    }
}

fn count(raw: &Raw) -> Result<u32, String> {
    whole(raw, 10_000)
}

pub(super) fn bound(raw: &Raw) -> Result<u32, String> {
    whole(raw, u32::MAX)
}

fn whole(raw: &Raw, most: u32) -> Result<u32, String> {
    let digits = match &raw.value {
        Value::Integer(digits) => digits.as_str(),
        Value::Text(text) if raw.untyped => text.as_str(),
        _ => return Err("must be a whole number without quotes".to_owned()),
    };
    let number = digits.replace('_', "").parse().ok();
    let fits = number.filter(|number| (1..=most).contains(number));
    fits.ok_or_else(|| format!("must be a whole number from 1 to {most}"))
}

/// `750ms`, `15s`, `2m`, `1h`; more than nothing, at most a day.
pub(super) fn duration(raw: &Raw) -> Result<Duration, String> {
    let expected = || "must be a time such as \"15s\", \"500ms\" or \"2m\", at most \"24h\"".to_owned();
    let Value::Text(text) = &raw.value else {
        return Err(expected());
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let number: u64 = digits.parse().map_err(|_| expected())?;
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(expected()),
    };
    match number.checked_mul(milliseconds) {
        Some(total @ 1..=86_400_000) => Ok(Duration::from_millis(total)),
        _ => Err(expected()),
    }
}

/// `1MiB`, `64KB`, `2GiB`, `512`.
fn bytes(raw: &Raw) -> Result<u64, String> {
    let expected = || "must be a size such as \"1MiB\" or \"512KiB\"".to_owned();
    let text = match &raw.value {
        Value::Text(text) | Value::Integer(text) => text.replace('_', ""),
        _ => return Err(expected()),
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let number: u64 = digits.parse().map_err(|_| expected())?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KB" | "kB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return Err(expected()),
    };
    match number.checked_mul(factor) {
        Some(total @ 1..) => Ok(total),
        _ => Err(expected()),
    }
}

fn level(raw: &Raw) -> Result<tracing::level_filters::LevelFilter, String> {
    text(raw)?
        .parse()
        .map_err(|_| "must be one of off, error, warn, info, debug, trace".to_owned())
}

fn stance(raw: &Raw) -> Result<Stance, String> {
    let stance = Stance::parse(&text(raw)?);
    stance.ok_or_else(|| "must be \"off\", \"warn\" or \"refuse\"".to_owned())
}

fn format(raw: &Raw) -> Result<LogFormat, String> {
    match text(raw)?.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be \"text\" or \"json\"".to_owned()),
    }
}

fn url(raw: &Raw) -> Result<Secret<tokio_postgres::Config>, String> {
    let text = text(raw)?;
    // libpq's modes beyond `require` ask for the certificate to be verified, which is always done here.
    let text = text
        .replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require")
        .replace("sslmode=allow", "sslmode=prefer");
    // The parser's reason may repeat the text, and with it the password: it is not shown.
    let config: tokio_postgres::Config = text
        .parse()
        .map_err(|_| "is not a PostgreSQL address such as \"postgresql://user:password@host:5432/name\"".to_owned())?;
    if config.get_hosts().is_empty() {
        return Err("names no host".to_owned());
    }
    if config.get_user().is_none() {
        return Err("names no user".to_owned());
    }
    Ok(Secret::new(config))
}
