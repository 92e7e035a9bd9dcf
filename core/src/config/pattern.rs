//! Patterns of paths, by which settings hold for a part of the API.

use std::fmt;

/// A pattern such as `/api/leads`, `/api/*/notes` or `/api/rpc/**`.
///
/// `*` stands for one segment, whatever it is; `**`, at the end only, for any number of them, none included. Everything else
/// must be there letter by letter, as the router has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    segments: Vec<String>,
    /// Whether anything may follow.
    open: bool,
}

impl PathPattern {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong, as a phrase.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "must be a path such as \"/api/leads\", \"/api/*/notes\" or \"/api/rpc/**\"";
        let Some(rest) = text.strip_prefix('/') else {
            return Err(expected.to_owned());
        };
        if text.contains(['?', '#']) || text.chars().any(char::is_whitespace) {
            return Err(expected.to_owned());
        }
        let mut segments: Vec<String> = rest.split('/').map(ToOwned::to_owned).collect();
        let open = segments.pop_if(|last| last == "**").is_some();
        if segments.iter().any(|segment| segment != "*" && segment.contains('*')) {
            return Err(format!(
                "{expected}: `*` is a whole segment, and `**` stands at the end"
            ));
        }
        Ok(Self { segments, open })
    }

    /// Whether a path, as it came, is one of those meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut there = path.strip_prefix('/').unwrap_or(path).split('/');
        let all = self
            .segments
            .iter()
            .all(|wanted| there.next().is_some_and(|segment| wanted == "*" || wanted == segment));
        all && (self.open || there.next().is_none())
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        f.write_str(if self.open { "/**" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, yes, no) in [
            (
                "/api/leads",
                vec!["/api/leads"],
                vec!["/api/leads/1", "/api/lead", "/api/leads/", "/"],
            ),
            ("/api/*", vec!["/api/leads", "/api/"], vec!["/api", "/api/leads/1"]),
            (
                "/api/*/notes",
                vec!["/api/1/notes"],
                vec!["/api/notes", "/api/1/2/notes"],
            ),
            (
                "/api/rpc/**",
                vec!["/api/rpc", "/api/rpc/a", "/api/rpc/a/b"],
                vec!["/api/rpcs", "/api"],
            ),
            ("/**", vec!["/", "/x", "/x/y"], vec![]),
            ("/", vec!["/"], vec!["/x"]),
        ] {
            let read = PathPattern::parse(pattern).unwrap();
            assert_eq!(read.to_string(), pattern);
            for path in yes {
                assert!(read.matches(path), "{pattern} {path}");
            }
            for path in no {
                assert!(!read.matches(path), "{pattern} {path}");
            }
        }
        for wrong in ["", "api", "/api/le*", "/**/x", "/a b", "/a?b"] {
            assert!(PathPattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
