//! Where a resource is served.

use toml::Spanned;

use super::source::Source;

/// Paths of Windlass itself, and all below them.
const RESERVED: &[&str] = &["/docs", "/redoc", "/openapi.json", "/health", "/metrics", "/api/rpc"];

/// The path of the resource `name`, checked: `/api/<name>` unless the overlay says otherwise.
pub(super) fn read(name: &str, written: Option<&Spanned<String>>, source: &mut Source<'_>) -> String {
    let Some(written) = written else {
        let path = format!("/api/{name}");
        if let Err((reason, _)) = check(&path) {
            let help = "rename the file, or give it a `path`".to_owned();
            source.mistake(0..0, format!("the file's name makes no path: {reason}"), Some(help));
        }
        return path;
    };
    let path = written.get_ref();
    if let Err((reason, help)) = check(path) {
        source.mistake(written.span(), format!("`path` {reason}"), help);
    }
    path.clone()
}

/// Checks the name of a function's file, which is the last step of its path.
pub(super) fn check_name(name: &str, source: &mut Source<'_>) {
    if let Err((reason, _)) = check(&format!("/{name}")) {
        let help = "rename the file".to_owned();
        source.mistake(0..0, format!("the file's name makes no path: {reason}"), Some(help));
    }
}

/// A name for the resource of a table, fit for a path: `Order Lines` becomes `order-lines`.
pub(super) fn name_for(table: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = table.chars().map(plain).collect();
    let name = name.trim_matches('-');
    if name.is_empty() {
        "resource".to_owned()
    } else {
        name.to_owned()
    }
}

pub(super) fn check(path: &str) -> Result<(), (String, Option<String>)> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(("must begin with `/`".to_owned(), Some(format!("write `/{path}`"))));
    };
    if rest.is_empty() {
        return Err(("must name something below `/`".to_owned(), None));
    }
    if let Some(bare) = path.strip_suffix('/') {
        return Err(("must not end with `/`".to_owned(), Some(format!("write `{bare}`"))));
    }
    if rest
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err(("has an empty step".to_owned(), None));
    }
    // RFC 3986 §2.3: these never need an escape.
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if let Some(odd) = rest.chars().find(|c| !unreserved(*c)) {
        return Err((format!("has `{odd}`, which a path cannot have"), None));
    }
    let own = |reserved: &&&str| {
        path.strip_prefix(**reserved)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match RESERVED.iter().find(own) {
        Some(reserved) => Err((format!("belongs to Windlass: `{reserved}`"), None)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{check, name_for};

    #[test]
    fn every_table_has_a_name_for_its_path() {
        for (table, name) in [
            ("leads", "leads"),
            ("Order Lines", "order-lines"),
            ("äö", "resource"),
            ("a.b", "a-b"),
        ] {
            assert_eq!(name_for(table), name);
        }
    }

    #[test]
    fn paths_are_plain_and_not_ours() {
        for good in ["/api/leads", "/leads", "/v2/open-data/movies.all", "/docs2", "/healthy"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "leads",
            "",
            "/",
            "/api/",
            "/a//b",
            "/a/../b",
            "/a b",
            "/{id}",
            "/ä",
            "/docs",
            "/docs/x",
            "/redoc",
            "/openapi.json",
            "/health",
            "/health/live",
            "/metrics",
            "/api/rpc/x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
