//! `windlass demo`: the demo project, made, migrated, served, and loaded through its own API.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use windlass_core::app::Project;
use windlass_core::config::Listen;
use windlass_core::error::{Code, Error, Result};

use super::{demo_keys, load, serve, write_whole};
use crate::report;

#[derive(RustEmbed)]
#[folder = "../assets/demo"]
struct Assets;

/// What the demo has written, so that later edits are told apart.
const NOTE: &str = ".demo.json";

/// To try tenants and scopes with.
const KEYS: &[demo_keys::Wanted] = &[
    demo_keys::Wanted {
        variable: "TENANT_A_KEY",
        scopes: &["campaigns.read", "campaigns.write"],
        tenant: Some("harbour"),
    },
    demo_keys::Wanted {
        variable: "TENANT_B_KEY",
        scopes: &["campaigns.read", "campaigns.write"],
        tenant: Some("lagoon"),
    },
    demo_keys::Wanted {
        variable: "ADMIN_KEY",
        scopes: &["admin"],
        tenant: None,
    },
];

/// Makes the demo in `directory`, if it is not there yet, and serves it.
pub async fn run(directory: &Path, listen: &[Listen]) -> Result<ExitCode> {
    extract(directory)?;
    let project = Project::open(directory)?;
    let demo = serve::Demo {
        data: data(),
        keys: KEYS,
    };
    serve::serve(&project, listen, true, Some(demo)).await
}

fn data() -> load::Data {
    // References first: accounts before the leads that belong to them, documents before the questions they answer.
    ["accounts", "leads", "events", "documents", "questions", "movies"]
        .iter()
        .filter_map(|table| {
            let file = Assets::get(&format!("data/{table}.ndjson"))?;
            Some(((*table).to_owned(), file.data.into_owned()))
        })
        .collect()
}

fn extract(directory: &Path) -> Result<()> {
    let refused = |error: std::io::Error| {
        Error::new(
            Code::ProjectInvalid,
            format!("cannot write {}: {error}", directory.display()),
        )
    };
    let note = directory.join(NOTE);
    let mut written: BTreeMap<String, String> = match std::fs::read_to_string(&note) {
        Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => BTreeMap::new(),
    };
    let strange =
        !note.exists() && directory.exists() && std::fs::read_dir(directory).map_err(refused)?.next().is_some();
    if strange {
        return Err(Error::new(
            Code::ProjectInvalid,
            format!("{} is not empty, and not the demo", directory.display()),
        )
        .with_hint("Name another directory with --dir DIR. Nothing was written."));
    }
    // Before the first file: if this run is interrupted, the next one sees that the folder is the demo's.
    if !note.exists() {
        write_whole(&note, b"{}").map_err(refused)?;
    }
    for name in Assets::iter() {
        let Some(asset) = Assets::get(&name) else { continue };
        let path = directory.join(name.as_ref());
        let before = written.get(name.as_ref());
        match std::fs::read(&path) {
            Ok(present) if before != Some(&digest(&present)) => {
                if digest(&present) == digest(&asset.data) {
                    written.insert(name.into_owned(), digest(&present));
                } else {
                    report::note(format_args!("kept {name}: it was edited"));
                }
                continue;
            }
            // Removed by the operator.
            Err(_) if before.is_some() => continue,
            _ => {}
        }
        write_whole(&path, &asset.data).map_err(refused)?;
        written.insert(name.into_owned(), digest(&asset.data));
    }
    let text = serde_json::to_string_pretty(&written).map_err(Error::internal)?;
    write_whole(&note, text.as_bytes()).map_err(refused)
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_extraction_is_taken_up_again() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("windlass-extract-{}", std::process::id()));
        extract(&folder)?;
        // As if killed after some files.
        std::fs::write(folder.join(NOTE), "{}").map_err(Error::internal)?;
        std::fs::remove_file(folder.join("windlass.toml")).map_err(Error::internal)?;
        extract(&folder)?;
        assert!(folder.join("windlass.toml").exists());
        let note = std::fs::read_to_string(folder.join(NOTE)).map_err(Error::internal)?;
        let written: BTreeMap<String, String> = serde_json::from_str(&note).map_err(Error::internal)?;
        assert_eq!(written.len(), Assets::iter().count());
        std::fs::remove_file(folder.join(NOTE)).map_err(Error::internal)?;
        assert!(
            extract(&folder).is_err(),
            "a folder without the note is somebody else's"
        );
        std::fs::remove_dir_all(&folder).map_err(Error::internal)
    }
}
