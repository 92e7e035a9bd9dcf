//! How to reach a running cluster, and as whom.

use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::Config;

/// The database that holds the project.
pub(super) const DATABASE: &str = "windlass";

/// What stays readable in an address.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// A role of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `windlass_owner` owns the database and runs migrations; it is no superuser, but may create trusted extensions.
    Owner,
    /// `windlass_login` serves requests: no superuser, no owner, bound by row-level security.
    Login,
    /// `postgres`, for what only a superuser may do.
    Superuser,
}

impl Role {
    /// Its name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "windlass_owner",
            Self::Login => "windlass_login",
            Self::Superuser => "postgres",
        }
    }
}

/// Where a cluster listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    sockets: PathBuf,
    port: u16,
}

impl Endpoint {
    pub(super) fn new(sockets: PathBuf, port: u16) -> Self {
        Self { sockets, port }
    }

    /// The folder with the Unix socket: libpq's `host`.
    #[must_use]
    pub fn sockets(&self) -> &Path {
        &self.sockets
    }

    /// The number in the socket's name: libpq's `port`. Nothing listens on TCP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The project's database.
    #[must_use]
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// The socket itself.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.sockets.join(format!(".s.PGSQL.{}", self.port))
    }

    /// Settings of a connection as `role`; it gives up connecting after three seconds.
    #[must_use]
    pub fn config(&self, role: Role) -> Config {
        let mut config = Config::new();
        config
            .host_path(&self.sockets)
            .port(self.port)
            .user(role.name())
            .dbname(DATABASE)
            .application_name("windlass")
            .connect_timeout(Duration::from_secs(3));
        config
    }

    /// The same as libpq's URL, for people and their programs.
    #[must_use]
    pub fn url(&self, role: Role) -> String {
        self.url_of(DATABASE, role)
    }

    /// A superuser's URL of the database that stands beside the project's: from there the project's can be replaced.
    #[must_use]
    pub fn maintenance_url(&self) -> String {
        self.url_of("postgres", Role::Superuser)
    }

    fn url_of(&self, database: &str, role: Role) -> String {
        let host = self.sockets.to_string_lossy();
        let host = utf8_percent_encode(&host, KEPT);
        format!(
            "postgresql:///{database}?host={host}&port={}&user={}",
            self.port,
            role.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_the_same_as_the_config() {
        let endpoint = Endpoint::new("/run/wind lass/0a&b".into(), 5432);
        let read: Config = endpoint.url(Role::Login).parse().unwrap();
        let made = endpoint.config(Role::Login);
        assert_eq!(read.get_hosts(), made.get_hosts());
        assert_eq!(read.get_ports(), made.get_ports());
        assert_eq!(read.get_user(), made.get_user());
        assert_eq!(read.get_dbname(), made.get_dbname());
    }
}
