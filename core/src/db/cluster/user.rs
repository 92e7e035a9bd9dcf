//! Who `PostgreSQL` runs as: it refuses root, so a Windlass started by root hands it to somebody with fewer rights.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::failed;
use crate::error::Result;

/// Users that root hands the cluster to, best first. `nobody` exists everywhere, but is shared with others.
const CANDIDATES: [&str; 3] = ["windlass", "postgres", "nobody"];

/// The operating system's user that the cluster's processes and files belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Its name; a number without a name can own a cluster, but not connect by `peer`.
    pub(super) name: Option<String>,
    /// Whether our own rights have to be dropped to become it.
    pub(super) drop: bool,
}

impl Account {
    /// Chooses the account: whoever owns the cluster already, else ourselves, else (as root) the first candidate.
    pub(super) fn choose(existing: Option<(&Path, &Metadata)>) -> Result<Self> {
        let ours = Uid::effective();
        if let Some((path, owner)) = existing {
            return Self::owning(path, owner, ours);
        }
        if !ours.is_root() {
            return Ok(Self {
                uid: ours.as_raw(),
                gid: nix::unistd::getegid().as_raw(),
                name: name_of(ours),
                drop: false,
            });
        }
        candidate()
            .map(|user| Self {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
                name: Some(user.name),
                drop: true,
            })
            .ok_or_else(|| {
                failed("PostgreSQL refuses to run as root, and there is no other user to run it as")
                    .with_hint("Create one with `useradd --system --no-create-home windlass`, then start again.")
            })
    }

    fn owning(path: &Path, owner: &Metadata, ours: Uid) -> Result<Self> {
        let uid = Uid::from_raw(owner.uid());
        let account = Self {
            uid: owner.uid(),
            gid: owner.gid(),
            name: name_of(uid),
            drop: uid != ours,
        };
        if uid.is_root() {
            return Err(failed(format!(
                "{} belongs to root, and PostgreSQL refuses to run as root",
                path.display()
            ))
            .with_hint(format!(
                "Give it to an unprivileged user: `chown -R nobody: {}`.",
                path.display()
            )));
        }
        if !ours.is_root() && uid != ours {
            return Err(failed(format!(
                "{} belongs to {account}, not to the user who runs Windlass",
                path.display()
            ))
            .with_hint(format!(
                "Run Windlass as {account} or as root, or give the directory to this user."
            )));
        }
        Ok(account)
    }

    /// Lets `command` run as this account.
    pub(super) fn apply(&self, command: &mut std::process::Command) {
        if self.drop {
            // The standard library empties the supplementary groups as well, when root sets a uid.
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives a file or folder to this account, without following a symbolic link.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        if self.drop {
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
        } else {
            Ok(())
        }
    }

    /// The first folder on the way to `path` (itself included) that this account may not pass.
    pub(super) fn blocked_at(&self, path: &Path) -> Option<PathBuf> {
        if !self.drop {
            return None;
        }
        let mut folders: Vec<&Path> = path
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .collect();
        folders.reverse();
        folders
            .into_iter()
            .find(|folder| !self.may_pass(folder))
            .map(Path::to_path_buf)
    }

    fn may_pass(&self, folder: &Path) -> bool {
        folder.metadata().is_ok_and(|found| {
            let bit = match (found.uid() == self.uid, found.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            found.mode() & bit != 0
        })
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "user {}", self.uid),
        }
    }
}

/// The name of the user this process runs as.
pub(super) fn own_name() -> Option<String> {
    name_of(Uid::effective())
}

fn candidate() -> Option<User> {
    CANDIDATES.iter().find_map(|name| User::from_name(name).ok().flatten())
}

fn name_of(uid: Uid) -> Option<String> {
    User::from_uid(uid).ok().flatten().map(|user| user.name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_closed_folder_on_the_way_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let stranger = Account {
            uid: 4_000_001,
            gid: 4_000_001,
            name: None,
            drop: true,
        };
        std::fs::set_permissions(outer.path(), PermissionsExt::from_mode(0o700)).unwrap();
        assert_eq!(stranger.blocked_at(&inner), Some(outer.path().to_path_buf()));
        std::fs::set_permissions(outer.path(), PermissionsExt::from_mode(0o711)).unwrap();
        assert_eq!(stranger.blocked_at(&inner), None);
    }
}
