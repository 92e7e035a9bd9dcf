//! Making a new cluster: beside its place and renamed when complete, so that an interrupted one leaves nothing half done.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::complaint::Complaint;
use super::place::{Place, make};
use super::programs::Programs;
use super::{at, failed};
use crate::error::Result;

const DRAFT: &str = ".postgres-new-";

/// Creates the data directory of `place`. The caller holds the lock.
pub(super) fn create(place: &Place, programs: &Programs) -> Result<()> {
    sweep(&place.home);
    let draft = place.home.join(format!("{DRAFT}{}", std::process::id()));
    let made = fill(&draft, place, programs);
    if made.is_err() {
        // The error that matters is the first one; a rest is swept away by the next start.
        let _left = std::fs::remove_dir_all(&draft);
    }
    made?;
    tracing::info!(data = %place.data.display(), version = programs.version(), "created the PostgreSQL cluster");
    Ok(())
}

fn fill(draft: &Path, place: &Place, programs: &Programs) -> Result<()> {
    make(draft, 0o700)?;
    place.account.give(draft).map_err(at("give away", draft))?;
    let mut output = run(draft, place, programs, "C.UTF-8")?;
    if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("invalid locale name") {
        // Rare: a C library without it. Then letters beyond ASCII have no upper and lower case.
        output = run(draft, place, programs, "C")?;
    }
    if !output.status.success() {
        return Err(Complaint::read(&String::from_utf8_lossy(&output.stderr))
            .into_error("the PostgreSQL cluster cannot be created", &place.data));
    }
    // One call for about a thousand files: faster than initdb's own way.
    let home = File::open(&place.home).map_err(at("open", &place.home))?;
    nix::unistd::syncfs(&home).map_err(|error| at("write", &place.home)(error.into()))?;
    std::fs::rename(draft, &place.data).map_err(at("create", &place.data))?;
    home.sync_all().map_err(at("write", &place.home))
}

fn run(draft: &Path, place: &Place, programs: &Programs, locale: &str) -> Result<Output> {
    let mut command = Command::new(programs.initdb());
    command
        .arg("--pgdata")
        .arg(draft)
        .args(["--username=postgres", "--auth-local=peer", "--auth-host=reject"])
        .args(["--data-checksums", "--encoding=UTF8", "--no-sync"])
        .arg(format!("--locale={locale}"))
        // Without TZ, initdb compares the machine's time zone with all that it knows.
        .env_clear()
        .envs([("LC_ALL", "C"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")])
        .current_dir("/")
        .stdin(Stdio::null());
    place.account.apply(&mut command);
    command.output().map_err(|error| {
        failed(format!("`initdb` cannot be run as {}: {error}", place.account)).with_hint(format!(
            "Look whether {} may run {}.",
            place.account,
            programs.initdb().display()
        ))
    })
}

fn sweep(home: &Path) {
    let entries = std::fs::read_dir(home).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(DRAFT)) {
        tracing::info!(folder = %entry.path().display(), "removing what an interrupted start left");
        if let Err(error) = std::fs::remove_dir_all(entry.path()) {
            tracing::warn!(folder = %entry.path().display(), %error, "cannot remove it");
        }
    }
}
