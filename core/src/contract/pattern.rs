//! Postgres's regular expressions, where they mean the same to the `regex` crate.

use regex::{Regex, RegexBuilder};

/// The pattern as a [`Regex`], if both dialects agree on every part of it that is used.
///
/// In Postgres `.` takes a newline too, hence the flag. Left to the database: back references, look-around,
/// embedded options, `[[:classes:]]` (which follow the database's locale), escapes with another meaning (`\b`, `\m`, `\Z` …).
pub(super) fn from_postgres(pattern: &str) -> Option<Regex> {
    if pattern.starts_with("***") || !same_meaning(pattern) {
        return None;
    }
    RegexBuilder::new(pattern).dot_matches_new_line(true).build().ok()
}

fn same_meaning(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if !chars.next().is_some_and(|e| escape(e, false)) => return false,
            '(' if chars.next_if_eq(&'?').is_some() && chars.next() != Some(':') => return false,
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                if !bracket(&mut chars, negated) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

/// Reads to the closing bracket; false when the dialects differ on its content.
fn bracket(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, negated: bool) -> bool {
    chars.next_if_eq(&']');
    let mut last = None;
    while let Some(c) = chars.next() {
        match c {
            ']' => return true,
            '\\' if !chars.next().is_some_and(|e| escape(e, negated)) => return false,
            // Nested sets and set operations exist in the crate alone, `[:…:]` depends on the locale.
            '[' => return false,
            '&' | '~' | '-' if last == Some(c) => return false,
            _ => {}
        }
        last = Some(c);
    }
    false
}

/// Escapes that both take alike. `\w` and `\d` are wider in the crate (all of Unicode), so their negations are not safe.
fn escape(c: char, negated: bool) -> bool {
    match c {
        's' | 'n' | 't' | 'r' => true,
        'S' => !negated,
        'd' | 'w' => !negated,
        '<' | '>' => false,
        _ => c.is_ascii_punctuation(),
    }
}

#[cfg(test)]
mod tests {
    use super::from_postgres;

    #[test]
    fn only_shared_parts_are_taken() {
        for good in [
            r"^[a-z][a-z0-9-]*$",
            r"^[A-Z]{2}$",
            r"^\d{3}-\d{4}$",
            r"^[^@\s]+@[^@\s]+\.[a-z]+$",
            r"^(?:a|b)+?$",
            r"^[]a]+$",
            r"\.csv$",
        ] {
            assert!(from_postgres(good).is_some(), "{good}");
        }
        for bad in [
            r"(?i)abc",
            r"(a)\1",
            r"\bword\b",
            r"\mword\M",
            r"^[[:alpha:]]+$",
            r"^(?=a)",
            r"***=literal",
            r"\Aabc\Z",
            r"\W",
            r"[^\d]",
            r"[a&&b]",
            r"[a--b]",
            r"[a",
            r"(",
            r"\x41",
        ] {
            assert!(from_postgres(bad).is_none(), "{bad}");
        }
        assert!(from_postgres("^a.b$").unwrap().is_match("a\nb"));
    }
}
