//! The files of a project's SQL routes, as far as they can be read without a database.

use std::path::{Path, PathBuf};

use super::front::{self, Front};
use super::lexer::{self, Step};
use super::template::Template;
use crate::contract::path;
use crate::contract::source::Source;
use crate::diagnostic::Diagnostic;

/// The methods that a route can have.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];
/// What a statement of a route begins with.
const WORDS: &[&str] = &[
    "select", "with", "values", "table", "(", "insert", "update", "delete", "merge", "call",
];
/// Those that write.
const WRITING: &[&str] = &["insert", "update", "delete", "merge", "call"];

/// A file that is right as far as it goes.
#[derive(Debug)]
pub struct Draft {
    pub(super) file: PathBuf,
    pub(super) text: String,
    pub(super) front: Front,
    pub(super) method: &'static str,
    pub(super) path: String,
    steps: Vec<Step>,
}

impl Draft {
    /// Its statements.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// Reads `routes/*.sql` of the project, in file order. A file with a mistake gives none; every mistake is told.
#[must_use]
pub fn sql_drafts(project: &Path) -> (Vec<Draft>, Vec<Diagnostic>) {
    let (mut drafts, mut mistakes) = (Vec::new(), Vec::new());
    let unreadable = |file: &Path, error: &std::io::Error| Diagnostic::file(file, format!("cannot be read: {error}"));
    let files = files(project).unwrap_or_else(|error| {
        mistakes.push(unreadable(Path::new("routes"), &error));
        Vec::new()
    });
    for file in files {
        match std::fs::read_to_string(project.join(&file)) {
            Err(error) => mistakes.push(unreadable(&file, &error)),
            Ok(text) => match read_draft(&file, text) {
                Ok(draft) => drafts.push(draft),
                Err(found) => mistakes.extend(found),
            },
        }
    }
    (drafts, mistakes)
}

fn files(project: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(project.join("routes")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = PathBuf::from(entry?.file_name());
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden && name.extension().is_some_and(|extension| extension == "sql") {
            files.push(Path::new("routes").join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads one file's text. `file` is relative to the project.
///
/// # Errors
/// Every mistake of the file, in its order.
pub fn read_draft(file: &Path, text: String) -> Result<Draft, Vec<Diagnostic>> {
    let mut source = Source::new(file, &text);
    let Some((front, sql)) = front::read(&text, &mut source) else {
        return Err(source.finish());
    };
    let place = route(&front, &mut source);
    if front.access.is_none() && !source.has_mistakes() {
        let help = "add `access = [\"public\"]`, or another grant".to_owned();
        source.mistake(0..0, "nobody may use this route", Some(help));
    }
    if front.returns.is_none() && !source.has_mistakes() {
        let help = "add `returns = \"many\"`, or `one`, `exec` or `json`".to_owned();
        source.mistake(0..0, "`returns` is missing", Some(help));
    }
    let (steps, found) = lexer::split(&text, sql);
    let whole = found.is_empty();
    for (at, message, help) in found {
        source.mistake(at, message, help);
    }
    let method = place.as_ref().map(|(method, _)| *method);
    if whole {
        words(&steps, method, &mut source);
    }
    if let (Some(cache), Some(method)) = (&front.cache, method)
        && method != "GET"
    {
        let message = format!("replies of `{method}` are not kept by anybody: `cache` is for `GET`");
        source.mistake(cache.span(), message, None);
    }
    match place {
        Some((method, path)) if !source.has_mistakes() => Ok(Draft {
            file: file.to_owned(),
            front,
            method,
            path,
            steps,
            text,
        }),
        _ => Err(source.finish()),
    }
}

/// Method and path of `route`.
fn route(front: &Front, source: &mut Source<'_>) -> Option<(&'static str, String)> {
    let example = "write for example `route = \"GET /api/leads/{id}/timeline\"`";
    let Some(written) = &front.route else {
        source.mistake(0..0, "`route` is missing", Some(example.to_owned()));
        return None;
    };
    let at = written.span();
    let Some((word, path)) = written.get_ref().split_once(' ') else {
        source.mistake(at, "`route` has a method and a path", Some(example.to_owned()));
        return None;
    };
    let method = METHODS.iter().find(|method| **method == word);
    if method.is_none() {
        let help = match METHODS.iter().find(|method| method.eq_ignore_ascii_case(word)) {
            Some(method) => format!("write `{method}`"),
            None => format!("there is {}", METHODS.join(", ")),
        };
        source.mistake(at.clone(), format!("`{word}` is no method of a route"), Some(help));
    }
    let path = path.trim();
    let template = Template::of(path);
    let mut names: Vec<&str> = Vec::new();
    let mut plain = path.to_owned();
    for name in template.names() {
        let named = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !named {
            let help = "a step of the path is one word or one parameter: letters, digits and `_`";
            let message = format!("`{{{name}}}` is no parameter");
            source.mistake(at.clone(), message, Some(help.to_owned()));
            return None;
        }
        if names.contains(&name) {
            source.mistake(at.clone(), format!("`{{{name}}}` stands there twice"), None);
        }
        names.push(name);
        plain = plain.replacen(&format!("{{{name}}}"), "x", 1);
    }
    if let Err((reason, help)) = path::check(&plain) {
        source.mistake(at.clone(), format!("the path {reason}"), help);
    } else if !template.begins_with_word() {
        let help = "begin it with a word, such as `/api/…`";
        let message = "a path of parameters alone would hide the pages of Windlass itself";
        source.mistake(at, message, Some(help.to_owned()));
    }
    Some((method?, path.to_owned()))
}

/// Refuses what is no statement of a route.
fn words(steps: &[Step], method: Option<&str>, source: &mut Source<'_>) {
    for step in steps {
        let at = step.start..step.start + step.word.len();
        if !WORDS.contains(&step.word.as_str()) {
            let help = "a route runs queries, `insert`, `update`, `delete`, `merge` and `call`; put anything else into a function";
            let message = format!("no statement of a route begins with `{}`", step.word);
            source.mistake(at, message, Some(help.to_owned()));
        } else if method == Some("GET") && WRITING.contains(&step.word.as_str()) {
            source.mistake(
                at,
                "this statement writes, but a `GET` only reads",
                Some(MAKE_IT_POST.to_owned()),
            );
        }
    }
}

pub(super) const MAKE_IT_POST: &str = "make it `POST` in `route`, or another method that writes";
