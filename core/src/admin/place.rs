//! Where the admin socket lies: for the service that makes it, and for whoever looks for it with the project alone.

use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Group, Uid};
use serde::{Deserialize, Serialize};

use crate::app::Project;
use crate::app::project::STATE;
use crate::db::cluster::{runtime, short_hash};
use crate::error::{Code, Error, Result};

const SOCKET: &str = "admin.sock";
const NOTE: &str = "admin.json";

/// What leads from a project to its socket.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    socket: PathBuf,
}

/// The path of a service's socket; its folder is there, and can be passed by the group.
pub(super) fn make(project: &Project) -> Result<PathBuf> {
    if let Some(path) = set(project) {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
        }
        return Ok(path);
    }
    let name = short_hash(&project.directory);
    let uid = Uid::effective();
    let folder = if uid.is_root() {
        runtime::system(&name)
    } else if project.settings.admin.group.is_some() && std::env::var_os("RUNTIME_DIRECTORY").is_none() {
        // The session's own folder lets no group in.
        runtime::folder_below(&runtime::last(uid.as_raw()), uid.as_raw(), &name)
    } else {
        runtime::folder(uid.as_raw(), &name)
    };
    let folder = folder.map_err(|error| Error::new(Code::ListenFailed, error.message()).with_hint(SET))?;
    if !uid.is_root()
        && let Some(group) = group(project)?
    {
        for folder in folder.parent().into_iter().chain([folder.as_path()]) {
            std::os::unix::fs::chown(folder, None, Some(group))
                .and_then(|()| std::fs::set_permissions(folder, Permissions::from_mode(0o710)))
                .map_err(|error| refused(folder, &error))?;
        }
    }
    Ok(folder.join(SOCKET))
}

/// The next step when the folder does not do.
const SET: &str = "Name another place with admin.socket in windlass.toml.";

fn refused(folder: &Path, error: &std::io::Error) -> Error {
    Error::new(
        Code::ListenFailed,
        format!(
            "{} cannot be made ready for the admin socket: {error}",
            folder.display()
        ),
    )
    .with_hint(SET)
}

/// The number of the group whose members may use the socket.
pub(super) fn group(project: &Project) -> Result<Option<u32>> {
    let Some(name) = &project.settings.admin.group else {
        return Ok(None);
    };
    match Group::from_name(name) {
        Ok(Some(group)) => Ok(Some(group.gid.as_raw())),
        _ => Err(
            Error::new(Code::ConfigInvalid, format!("admin.group: there is no group `{name}`"))
                .with_hint(format!("Make it with `groupadd {name}`, or correct admin.group.")),
        ),
    }
}

/// Writes down where the socket is. Without the note, clients look where it may be.
pub(super) fn note(project: &Project, socket: &Path) {
    let write = || {
        let state = project.directory.join(STATE);
        std::fs::create_dir_all(&state)?;
        let text = serde_json::to_string(&Note {
            socket: socket.to_owned(),
        })?;
        let unfinished = state.join(format!("{NOTE}.unfinished"));
        std::fs::write(&unfinished, text)?;
        std::fs::rename(unfinished, state.join(NOTE))
    };
    if let Err(error) = write() {
        tracing::debug!("the admin socket is not written down: {error}");
    }
}

/// Removes the socket and what led to it. Nothing may be there any more.
pub(super) fn clear(project: &Project, socket: &Path) {
    for file in [socket, &project.directory.join(STATE).join(NOTE)] {
        if let Err(error) = std::fs::remove_file(file) {
            tracing::debug!(file = %file.display(), "not removed: {error}");
        }
    }
    if set(project).is_none()
        && let Some(folder) = socket.parent()
    {
        // Only if it is empty; the next start makes it again.
        _ = std::fs::remove_dir(folder);
    }
}

/// Whose service is believed: root's, one's own, and that of whoever owns the project or its state.
pub(super) fn owners(project: &Project) -> Vec<u32> {
    let owner = |path: &Path| path.metadata().ok().map(|found| found.uid());
    let places = [owner(&project.directory), owner(&project.directory.join(STATE))];
    [0, Uid::effective().as_raw()]
        .into_iter()
        .chain(places.into_iter().flatten())
        .collect()
}

/// Where the socket of a project's service is, if there may be one.
pub(super) fn find(project: &Project) -> Option<PathBuf> {
    if let Some(path) = set(project) {
        return Some(path);
    }
    let state = project.directory.join(STATE);
    let noted = std::fs::read_to_string(state.join(NOTE))
        .ok()
        .and_then(|text| serde_json::from_str::<Note>(&text).ok());
    if let Some(note) = noted {
        return Some(note.socket);
    }
    let own = Uid::effective().as_raw();
    let owner = state.metadata().or_else(|_| project.directory.metadata()).ok()?.uid();
    let name = short_hash(&project.directory);
    let session = |uid: u32| PathBuf::from(format!("/run/user/{uid}/windlass"));
    [
        runtime::SYSTEM.into(),
        session(own),
        session(owner),
        runtime::last(own),
        runtime::last(owner),
    ]
    .into_iter()
    .map(|base: PathBuf| base.join(&name).join(SOCKET))
    // Anybody may make folders in /tmp: a socket counts only if it belongs to somebody who owns the project anyway.
    .find(|path| {
        path.symlink_metadata()
            .is_ok_and(|found| found.file_type().is_socket() && [0, own, owner].contains(&found.uid()))
    })
}

fn set(project: &Project) -> Option<PathBuf> {
    let path = project.settings.admin.socket.as_ref()?;
    Some(project.directory.join(path))
}
