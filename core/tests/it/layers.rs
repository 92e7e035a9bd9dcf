//! A module of `core/src` imports only from modules above its own in this list; see ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. A module may use those before it, and itself.
const LAYERS: &[&str] = &[
    "error",
    "suggest",
    "diagnostic",
    "config",
    "catalog",
    "contract",
    "request",
    "validate",
    "plan",
    "sql",
    "openapi",
    "telemetry",
    "db",
    "app",
    "doctor",
    "guards",
    "http",
    "admin",
];

#[test]
fn imports_point_upwards_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut read = 0;
    for file in files(&source) {
        let relative = file.strip_prefix(&source).unwrap();
        let own = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if own == "lib" {
            continue;
        }
        let Some(rank) = LAYERS.iter().position(|layer| *layer == own) else {
            wrong.push(format!(
                "{}: module `{own}` has no layer; add it to the list here and in ARCHITECTURE.md",
                relative.display()
            ));
            continue;
        };
        read += 1;
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            for used in modules_used(line) {
                let above = LAYERS
                    .iter()
                    .position(|layer| *layer == used)
                    .is_some_and(|used| used <= rank);
                if LAYERS.contains(&used.as_str()) && !above {
                    wrong.push(format!(
                        "{}:{}: `{own}` must not use `{used}`",
                        relative.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(read > 40, "only {read} files were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_itself_sees_imports() {
    assert_eq!(modules_used("use crate::db::lane;"), ["db"]);
    assert_eq!(modules_used("use crate::{sql, validate};"), ["sql", "validate"]);
    assert_eq!(modules_used("use crate::{sql::{self, read}, http};"), ["sql", "http"]);
    assert_eq!(modules_used("    let x = crate::openapi::document(&s)?;"), ["openapi"]);
    assert!(modules_used("// see crate::http").is_empty());
}

fn modules_used(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or("");
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => used.push(first(&std::mem::take(&mut word))),
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            used.push(first(&word));
        } else {
            used.push(first(rest));
        }
    }
    used
}

fn first(path: &str) -> String {
    path.trim()
        .chars()
        .take_while(|c| c.is_ascii_lowercase() || *c == '_')
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}
