//! `windlass new`: an empty project with every file that an operator will look for.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::error::{Code, Error, Result};

use crate::report;

const SETTINGS: &str = r#"# Every key may also come from the environment: WINDLASS_HTTP_LISTEN, WINDLASS_DATABASE_URL, …
title = "NAME"
version = "0.1.0"

[http]
listen = "127.0.0.1:8080"

# Without it Windlass runs a PostgreSQL of its own in .windlass/postgres.
# [database]
# url = "postgresql://user:password@host:5432/name"
"#;

const README: &str = "# NAME

Served by Windlass.

    windlass migrate new add_leads     # then write its up.sql and down.sql
    windlass migrate up
    windlass resource add leads        # expose the table
    windlass check
    windlass serve
";

/// Makes a project in `directory`.
pub fn run(directory: &Path) -> Result<ExitCode> {
    let refused = |error: std::io::Error| {
        Error::new(
            Code::ProjectInvalid,
            format!("cannot write {}: {error}", directory.display()),
        )
    };
    if directory.exists() && std::fs::read_dir(directory).map_err(refused)?.next().is_some() {
        return Err(
            Error::new(Code::ProjectInvalid, format!("{} is not empty", directory.display()))
                .with_hint("Name a directory that does not exist yet. Nothing was written."),
        );
    }
    let name = directory
        .file_name()
        .map_or_else(|| "Windlass".to_owned(), |name| name.to_string_lossy().into_owned());
    for folder in ["migrations", "resources", "routes"] {
        std::fs::create_dir_all(directory.join(folder)).map_err(refused)?;
        // Otherwise git would not keep the folder.
        std::fs::write(directory.join(folder).join(".gitkeep"), "").map_err(refused)?;
    }
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    let files = [
        ("windlass.toml", SETTINGS.replace("NAME", &quoted)),
        ("README.md", README.replace("NAME", &name)),
        (".gitignore", "/.windlass/\n".to_owned()),
    ];
    for (file, text) in files {
        std::fs::write(directory.join(file), text).map_err(refused)?;
    }
    report::line(format_args!("made {}", directory.display()));
    report::note(format_args!(
        "next: cd {} && windlass migrate new NAME",
        directory.display()
    ));
    Ok(ExitCode::SUCCESS)
}
