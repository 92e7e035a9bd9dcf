//! All resource files of a project, with all their mistakes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::derive::derive;
use super::overlay_parse;
use super::source::Source;
use super::{Contracts, Function, Resource, derive_function};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;

/// Reads `resources/*.toml` of the project and derives every resource and every function, in file order.
///
/// A file with a mistake gives none; every mistake of every file is told. A
/// [`Snapshot`](super::Snapshot) is to be built
/// only when there is none.
#[must_use]
pub fn load(project: &Path, catalog: &Catalog) -> (Contracts, Vec<Diagnostic>) {
    let mut mistakes = Vec::new();
    let files = resource_files(project).unwrap_or_else(|error| {
        mistakes.push(unreadable(Path::new("resources"), &error));
        Vec::new()
    });
    let read = |path: &Path| std::fs::read_to_string(project.join(path));
    let mut resources: Vec<(Arc<Resource>, String)> = Vec::new();
    // Functions come last: their rows may be those of a resource.
    let mut later: Vec<(PathBuf, String)> = Vec::new();
    for file in files {
        match read(&file) {
            Err(error) => mistakes.push(unreadable(&file, &error)),
            Ok(text) if overlay_parse::is_function(&text) => later.push((file, text)),
            Ok(text) => match read_resource(&file, &text, catalog, &|path| read(path).map_err(|e| e.to_string())) {
                Ok(resource) => resources.push((Arc::new(resource), text)),
                Err(found) => mistakes.extend(found),
            },
        }
    }
    mistakes.extend(shared_paths(&resources));
    let resources: Vec<Arc<Resource>> = resources.into_iter().map(|(resource, _)| resource).collect();
    let mut functions = Vec::new();
    for (file, text) in later {
        match read_function(&file, &text, catalog, &resources) {
            Ok(function) => functions.push(Arc::new(function)),
            Err(found) => mistakes.extend(found),
        }
    }
    mistakes.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let contracts = Contracts {
        resources,
        functions,
        // What these are the database must say.
        sql_routes: Vec::new(),
    };
    (contracts, mistakes)
}

/// Derives one resource from its file's text. `file` is relative to the project; its stem names the resource.
///
/// `read_file` gives the text of other files of the project (JSON Schemas) by their relative path.
///
/// # Errors
///
/// Every mistake of the file, in its order.
pub fn read_resource(
    file: &Path,
    text: &str,
    catalog: &Catalog,
    read_file: &dyn Fn(&Path) -> Result<String, String>,
) -> Result<Resource, Vec<Diagnostic>> {
    let mut source = Source::new(file, text);
    let overlay = overlay_parse::parse(text, &mut source);
    let Some(overlay) = overlay else {
        return Err(source.finish());
    };
    let name = file.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    derive(&name, &overlay, catalog, read_file, &mut source).ok_or_else(|| source.finish())
}

/// Derives one function from its file's text, as [`read_resource`] does a resource. `resources` are those of the tables
/// whose rows it may return.
///
/// # Errors
///
/// Every mistake of the file, in its order.
pub fn read_function(
    file: &Path,
    text: &str,
    catalog: &Catalog,
    resources: &[Arc<Resource>],
) -> Result<Function, Vec<Diagnostic>> {
    let mut source = Source::new(file, text);
    let overlay = overlay_parse::parse(text, &mut source);
    let Some(overlay) = overlay else {
        return Err(source.finish());
    };
    let name = file.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let resources: Vec<&Arc<Resource>> = resources.iter().collect();
    derive_function::derive(&name, &overlay, catalog, &resources, &mut source).ok_or_else(|| source.finish())
}

/// The resource files in name order, relative to the project. Hidden files are editors' own.
fn resource_files(project: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(project.join("resources")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = PathBuf::from(entry?.file_name());
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden && name.extension().is_some_and(|extension| extension == "toml") {
            files.push(Path::new("resources").join(name));
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(file: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line: 1,
        column: 1,
        message: format!("cannot be read: {error}"),
        help: None,
    }
}

/// Two resources at one path: the later file is told of the earlier.
fn shared_paths(resources: &[(Arc<Resource>, String)]) -> Vec<Diagnostic> {
    let mut seen: HashMap<&str, &Path> = HashMap::new();
    let mut mistakes = Vec::new();
    for (resource, text) in resources {
        let Some(first) = seen.get(resource.path.as_str()) else {
            seen.insert(&resource.path, &resource.file);
            continue;
        };
        let mut source = Source::new(&resource.file, text);
        let written = overlay_parse::path_span(text);
        let message = format!("`{}` is the path of {}, too", resource.path, first.display());
        source.mistake(written, message, Some("give one of them another `path`".to_owned()));
        mistakes.extend(source.finish());
    }
    mistakes
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
