//! A project on a real cluster.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use tokio_postgres::{Client, Config};
use windlass_core::app::{self, Database};
use windlass_core::db::cluster::{Cluster, ClusterOptions, Role};
use windlass_core::db::connect;
use windlass_core::db::migrate::rehearsal::Rehearsal;
use windlass_core::db::migrate::{Migrator, State};

/// A project with a cluster of its own.
pub struct Project {
    folder: TempDir,
    pub cluster: Cluster,
    pub owner: Config,
}

impl Project {
    pub async fn start() -> Self {
        // Not below TMPDIR: the path of a Unix socket is short, and another user must reach it.
        let folder = tempfile::Builder::new().prefix("wl").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let directory = folder.path().join(".windlass");
        std::fs::create_dir(&directory).unwrap();
        let options = ClusterOptions {
            directory,
            max_connections: 20,
            memory_bytes: Some(256 << 20),
        };
        let cluster = Cluster::start(options).await.unwrap();
        let owner = cluster.endpoint().config(Role::Owner);
        Self { folder, cluster, owner }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, up: &str, down: &str) {
        let directory = self.path().join("migrations").join(name);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("up.sql"), up).unwrap();
        std::fs::write(directory.join("down.sql"), down).unwrap();
    }

    pub async fn migrator(&self) -> Migrator {
        Migrator::open(&self.owner, self.path()).await.unwrap()
    }

    pub async fn states(&self) -> Vec<State> {
        let status = self.migrator().await.status().await.unwrap();
        status.iter().map(|line| line.state).collect()
    }

    /// What the tests' front door asks for, beside the cluster.
    pub fn database(&self) -> Database {
        Database {
            cluster: None,
            embedded: Some((self.cluster.endpoint().clone(), self.cluster.programs().clone())),
            owner: self.owner.clone(),
            login: self.cluster.endpoint().config(Role::Login),
        }
    }

    pub fn open(&self) -> app::Project {
        std::fs::write(self.path().join("windlass.toml"), "").unwrap();
        app::Project::open(self.path()).unwrap()
    }

    pub async fn client(&self) -> Client {
        connect::open(&self.owner).await.unwrap()
    }

    /// Rehearses what is pending; in a task of its own, as a service does.
    pub async fn rehearse(&self) -> Vec<Rehearsal> {
        let (project, database) = (self.open(), self.database());
        let work = tokio::spawn(async move { app::rehearse(&project, &database, None).await });
        work.await.unwrap().unwrap()
    }

    /// Rehearses one migration, and takes its file away again.
    pub async fn rehearse_only(&self, up: &str) -> Rehearsal {
        let name = "2026-02-01-000000_tried";
        self.write(name, up, "");
        let rehearsal = self.rehearse().await.pop().unwrap();
        std::fs::remove_dir_all(self.path().join("migrations").join(name)).unwrap();
        rehearsal
    }
}
