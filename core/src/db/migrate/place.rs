//! Where in a migration's text a failure happened.

/// The start of each statement of a text, as a byte offset.
pub(super) fn statements(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut starts = Vec::new();
    let mut inside = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let length = match byte {
            b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => comment(rest),
            b';' => {
                inside = false;
                at += 1;
                continue;
            }
            _ if byte.is_ascii_whitespace() => 1,
            _ => {
                if !inside {
                    starts.push(at);
                    inside = true;
                }
                match byte {
                    b'\'' | b'"' => quoted(rest, byte, byte == b'\'' && escapes(bytes, at)),
                    b'$' if !named(bytes, at) => dollar(rest),
                    _ => 1,
                }
            }
        };
        at += length;
    }
    starts
}

/// The first statement that begins or ends a transaction, and its word. `END` is none: it also ends the body of a
/// function that began with `BEGIN ATOMIC`.
pub(super) fn control(text: &str) -> Option<(usize, String)> {
    statements(text).into_iter().find_map(|at| {
        let rest = text.get(at..)?;
        let mut words = rest
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_uppercase);
        let statement = rest.split(';').next()?.to_ascii_uppercase();
        let first = words.next().filter(|word| statement.starts_with(word.as_str()))?;
        let controls = match first.as_str() {
            "BEGIN" | "COMMIT" | "ABORT" => true,
            // Back to a savepoint is fine.
            "ROLLBACK" => !statement.split_ascii_whitespace().any(|word| word == "TO"),
            "START" => words.next().is_some_and(|word| word == "TRANSACTION"),
            _ => false,
        };
        controls.then_some((at, first))
    })
}

fn comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Whether the quote at `at` follows a lone `E`, so that `\'` does not end it.
fn escapes(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    matches!(before, Some(b'e' | b'E')) && !named(bytes, at - 1)
}

/// Whether the byte before belongs to a name.
fn named(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| bytes.get(before))
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$' || *byte >= 0x80)
}

fn quoted(rest: &str, quote: u8, escapes: bool) -> usize {
    let mut skip = true;
    for (at, byte) in rest.bytes().enumerate() {
        if skip {
            skip = false;
        } else if escapes && byte == b'\\' {
            skip = true;
        } else if byte == quote {
            // A doubled quote looks like the start of the next text, which gives the same end.
            return at + 1;
        }
    }
    rest.len()
}

fn dollar(rest: &str) -> usize {
    let Some(end) = rest.get(1..).and_then(|after| after.find('$')) else {
        return 1;
    };
    let tag = rest.get(..end + 2).unwrap_or_default();
    let name = tag.trim_matches('$');
    let is_tag =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return 1;
    }
    let body = rest.get(tag.len()..).unwrap_or_default();
    body.find(tag).map_or(rest.len(), |close| close + 2 * tag.len())
}

/// The byte of Postgres's position, which counts characters from 1.
pub(super) fn byte_of(text: &str, position: u32) -> usize {
    let index = usize::try_from(position).unwrap_or(1).saturating_sub(1);
    text.char_indices().nth(index).map_or(text.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_of_transactions_is_found_at_the_top_only() {
        for (text, expected) in [
            ("begin;\nselect 1;\ncommit;", Some((0, "BEGIN"))),
            ("select 1;\nCommit", Some((10, "COMMIT"))),
            ("-- x\nstart transaction;", Some((5, "START"))),
            ("savepoint a; rollback to savepoint a;", None),
            ("savepoint a; rollback;", Some((13, "ROLLBACK"))),
            ("do $$ begin commit; end $$;", None),
            (
                "create function f() returns int begin atomic select 1; select 2; end;",
                None,
            ),
            ("select 'begin;'; beginning;", None),
        ] {
            let found = control(text);
            assert_eq!(
                found.as_ref().map(|(at, word)| (*at, word.as_str())),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn statements_are_found_around_quotes_and_comments() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("-- a;\n;", &[]),
            ("select 1;\n-- b;\nselect 2", &["select 1", "select 2"]),
            ("a 'x;''y'; b", &["a", "b"]),
            ("a e'\\';'; b", &["a", "b"]),
            ("a \"x;y\"; b /* ; /* ; */ ; */ ; c", &["a", "b", "c"]),
            ("do $$ x; y $$; b", &["do", "b"]),
            ("do $f$ x; $$; $f$; b", &["do", "b"]),
            ("a$1; b", &["a", "b"]),
            ("é 'ü;'; ß", &["é", "ß"]),
            ("a 'open; b", &["a"]),
        ];
        for (text, expected) in cases {
            let found = statements(text);
            assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
            for (start, word) in found.iter().zip(*expected) {
                assert!(text[*start..].starts_with(word), "{text}: {found:?}");
            }
        }
    }
}
