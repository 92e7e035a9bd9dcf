//! Where a project's cluster lies: its data, its settings and its socket.

use std::fs::{DirBuilder, Metadata, Permissions};
use std::io::ErrorKind;
#[cfg(feature = "bundled-postgres")]
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::user::Account;
use super::{at, failed, runtime};
use crate::error::Result;

/// What belongs to every project on this machine when root runs Windlass.
pub(super) const SHARED: &str = "/var/lib/windlass";
/// Names the folder that took the cluster in, where the project's own is closed to its user.
const POINTER: &str = "postgres.location";

/// The folders of one cluster, and who owns them.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `<project>/.windlass`, without symbolic links.
    pub(super) directory: PathBuf,
    /// The parent of the data directory; ours, while `data` belongs to the account.
    pub(super) home: PathBuf,
    /// What `PostgreSQL` calls its data directory.
    pub(super) data: PathBuf,
    /// Whom `PostgreSQL` runs as.
    pub(super) account: Account,
}

impl Place {
    /// Finds where the cluster of `directory` is, or is to be. Creates nothing but `directory` and, for a cluster
    /// that cannot lie there, the folder elsewhere with the note that leads to it.
    pub(super) fn find(directory: &Path) -> Result<Self> {
        let root = Uid::effective().is_root();
        // Others may pass, as the cluster's user has to, but not look around.
        make(directory, if root { 0o711 } else { 0o700 })?;
        let directory = directory.canonicalize().map_err(at("read", directory))?;
        let pointed = pointed(&directory)?;
        let home = pointed.clone().unwrap_or_else(|| directory.clone());
        let data = home.join("postgres");
        let existing = look(&data)?;
        let account = Account::choose(existing.as_ref().map(|found| (data.as_path(), found)))?;
        let place = Self {
            directory,
            home,
            data,
            account,
        };
        match place.account.blocked_at(&place.home) {
            None => Ok(place),
            Some(folder) if pointed.is_some() || existing.is_some() => Err(failed(format!(
                "PostgreSQL runs as {}, who may not pass {} on the way to its data",
                place.account,
                folder.display()
            ))
            .with_hint(format!("Let others pass: `chmod o+x {}`.", folder.display()))),
            Some(folder) => place.elsewhere(&folder),
        }
    }

    fn elsewhere(mut self, closed: &Path) -> Result<Self> {
        let clusters = Path::new(SHARED).join("clusters");
        for folder in [Path::new(SHARED), &clusters] {
            make(folder, 0o755)?;
        }
        self.home = clusters.join(short_hash(&self.directory));
        self.data = self.home.join("postgres");
        make(&self.home, 0o711)?;
        // A cluster may lie there already, when the note was lost.
        let existing = look(&self.data)?;
        self.account = Account::choose(existing.as_ref().map(|found| (self.data.as_path(), found)))?;
        let pointer = self.directory.join(POINTER);
        std::fs::write(&pointer, format!("{}\n", self.home.display())).map_err(at("write", &pointer))?;
        tracing::info!(
            data = %self.data.display(),
            closed = %closed.display(),
            "PostgreSQL's user {} may not pass into the project, so its data lies elsewhere", self.account
        );
        Ok(self)
    }

    /// Whether what lies in [`SHARED`] can be run by the account, and changed by root alone. A service of another user
    /// may have taken that folder as its own.
    #[cfg(feature = "bundled-postgres")]
    pub(super) fn shares(&self) -> bool {
        let shared = Path::new(SHARED);
        Uid::effective().is_root()
            && match shared.metadata() {
                Ok(found) => found.uid() == 0 && found.mode() & 0o022 == 0 && self.account.blocked_at(shared).is_none(),
                Err(error) => error.kind() == ErrorKind::NotFound,
            }
    }

    /// The major version that made the data; nothing if there is no data yet.
    pub(super) fn major(&self) -> Result<Option<u32>> {
        let file = self.data.join("PG_VERSION");
        match std::fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map(Some).map_err(|_| {
                failed(format!("{} does not hold the version of a cluster", file.display()))
                    .with_hint("Restore the directory from a backup, or name another --dir.")
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let empty = match std::fs::read_dir(&self.data) {
                    Ok(mut entries) => entries.next().is_none(),
                    Err(error) if error.kind() == ErrorKind::NotFound => true,
                    Err(error) => return Err(at("read", &self.data)(error)),
                };
                if empty {
                    return Ok(None);
                }
                Err(failed(format!(
                    "{} is neither empty nor a PostgreSQL cluster",
                    self.data.display()
                ))
                .with_hint("Move it away or restore it from a backup; nothing in it was changed."))
            }
            Err(error) => Err(at("read", &file)(error)),
        }
    }

    /// Creates the folder for the socket, reachable for root and the account alone.
    pub(super) fn sockets(&self) -> Result<PathBuf> {
        let name = short_hash(&self.data);
        if Uid::effective().is_root() {
            let base = Path::new(runtime::SYSTEM);
            make(base, 0o755)?;
            let folder = base.join(name);
            make(&folder, 0o700)?;
            // Its parent is root's, so nobody can have put a link there.
            self.account.give(&folder).map_err(at("give away", &folder))?;
            return Ok(folder);
        }
        runtime::folder(self.account.uid, &name)
    }
}

/// The first bytes of a path's hash, as a name that is short enough for sockets.
#[must_use]
pub fn short_hash(path: &Path) -> String {
    hex(&Sha256::digest(path.as_os_str().as_encoded_bytes()), 6)
}

/// The first `bytes` of `digest` in hexadecimal.
pub(super) fn hex(digest: &[u8], bytes: usize) -> String {
    digest
        .iter()
        .take(bytes)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Creates a folder with exactly this mode; one that exists is left as it is.
pub(super) fn make(folder: &Path, mode: u32) -> Result<()> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(at("create", parent))?;
    }
    match DirBuilder::new().mode(mode).create(folder) {
        // Once more, since the umask took its bits away.
        Ok(()) => std::fs::set_permissions(folder, Permissions::from_mode(mode)).map_err(at("create", folder)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(at("create", folder)(error)),
    }
}

fn look(data: &Path) -> Result<Option<Metadata>> {
    match data.metadata() {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at("read", data)(error)),
    }
}

fn pointed(directory: &Path) -> Result<Option<PathBuf>> {
    let pointer = directory.join(POINTER);
    match std::fs::read_to_string(&pointer) {
        Ok(text) => Ok(Some(PathBuf::from(text.trim()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at("read", &pointer)(error)),
    }
}
