//! The statements of a migration's text: where each begins and ends, and its words.

use std::ops::Range;

/// The statements of a text as byte ranges, without the `;`, comments around them, and empty ones.
///
/// As in psql, a `;` ends none inside of brackets (`create rule`) or of `begin atomic … end`.
pub(super) fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut current: Option<Statement> = None;
    let mut at = 0;
    while let Some(token) = next(text, at) {
        at = token.end;
        if token.is(text, ";") && current.as_ref().is_none_or(|statement| statement.is_whole()) {
            pieces.extend(current.take().map(|statement| statement.range));
            continue;
        }
        current
            .get_or_insert_with(|| Statement::at(token.start))
            .take(text, &token);
    }
    pieces.extend(current.map(|statement| statement.range));
    pieces
}

/// The start of each statement of a text, as a byte offset.
pub(super) fn statements(text: &str) -> Vec<usize> {
    pieces(text).into_iter().map(|piece| piece.start).collect()
}

/// The words of a text in capitals, without what is quoted or a comment.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(token) = next(text, at) {
        at = token.end;
        if token.kind == Kind::Word {
            words.push(token.text(text).to_ascii_uppercase());
        }
    }
    words
}

/// The words of a text as they stand there, and names in quotes.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(token) = next(text, at) {
        let name = token.kind == Kind::Word || token.text(text).starts_with('"') || token.is(text, ".");
        // `public . leads` is one name only without the spaces; nobody writes them.
        if let Some(from) = start.filter(|_| !name || token.start > at) {
            names.extend(text.get(from..at));
            start = None;
        }
        if name && start.is_none() {
            start = Some(token.start);
        }
        at = token.end;
    }
    names.extend(start.and_then(|from| text.get(from..at)));
    names
}

/// The first statement that begins or ends a transaction, and its word.
pub(super) fn control(text: &str) -> Option<(usize, String)> {
    pieces(text).into_iter().find_map(|piece| {
        let start = piece.start;
        let words = words(text.get(piece)?);
        let mut rest = words.iter().map(String::as_str);
        let controls = match rest.next()? {
            "BEGIN" | "COMMIT" | "ABORT" | "END" => true,
            "PREPARE" => rest.next() == Some("TRANSACTION"),
            // Back to a savepoint is fine.
            "ROLLBACK" => !rest.any(|word| word == "TO"),
            "START" => rest.next() == Some("TRANSACTION"),
            _ => false,
        };
        controls.then(|| (start, words.into_iter().next().unwrap_or_default()))
    })
}

/// A statement that is being read.
struct Statement {
    range: Range<usize>,
    brackets: u32,
    /// `begin` and `case` that wait for their `end`; counted in functions and procedures only.
    blocks: u32,
    words: u32,
    create: bool,
    routine: bool,
    /// Whether the word before was `begin`: it opens a body only before `atomic`, and is a name elsewhere.
    begin: bool,
}

impl Statement {
    fn at(start: usize) -> Self {
        Self {
            range: start..start,
            brackets: 0,
            blocks: 0,
            words: 0,
            create: false,
            routine: false,
            begin: false,
        }
    }

    fn is_whole(&self) -> bool {
        self.brackets == 0 && self.blocks == 0
    }

    fn take(&mut self, text: &str, token: &Token) {
        self.range.end = token.end;
        let begin = std::mem::take(&mut self.begin);
        match token.kind {
            Kind::Quoted => {}
            Kind::Symbol if token.is(text, "(") => self.brackets += 1,
            Kind::Symbol if token.is(text, ")") => self.brackets = self.brackets.saturating_sub(1),
            Kind::Symbol => {}
            Kind::Word => {
                self.words += 1;
                match token.text(text).to_ascii_lowercase().as_str() {
                    "create" if self.words == 1 => self.create = true,
                    // `create or replace function` has it as its fourth word.
                    "function" | "procedure" if self.create && self.words <= 4 => self.routine = true,
                    "begin" if self.routine => self.begin = true,
                    "atomic" if begin => self.blocks += 1,
                    "case" if self.blocks > 0 => self.blocks += 1,
                    "end" => self.blocks = self.blocks.saturating_sub(1),
                    _ => {}
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Quoted,
    Symbol,
}

struct Token {
    start: usize,
    end: usize,
    kind: Kind,
}

impl Token {
    fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    fn is(&self, text: &str, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text(text) == symbol
    }
}

/// The next token at or after a byte, comments and space left out.
fn next(text: &str, mut at: usize) -> Option<Token> {
    loop {
        let rest = text.get(at..)?;
        let first = rest.chars().next()?;
        let (length, kind) = match first {
            '-' if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), None),
            '/' if rest.starts_with("/*") => (comment(rest), None),
            _ if first.is_ascii_whitespace() => (1, None),
            '\'' | '"' => (quoted(rest, first as u8, false), Some(Kind::Quoted)),
            '$' => match dollar(rest) {
                1 => (1, Some(Kind::Symbol)),
                length => (length, Some(Kind::Quoted)),
            },
            // After a lone E, `\'` does not end the text.
            'e' | 'E' if rest.get(1..).is_some_and(|after| after.starts_with('\'')) => {
                let after = rest.get(1..).unwrap_or_default();
                (1 + quoted(after, b'\'', true), Some(Kind::Quoted))
            }
            _ if in_name(first) => {
                let length = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
                (length, Some(Kind::Word))
            }
            _ => (first.len_utf8(), Some(Kind::Symbol)),
        };
        match kind {
            Some(kind) => {
                return Some(Token {
                    start: at,
                    end: at + length,
                    kind,
                });
            }
            None => at += length,
        }
    }
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
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
            ("create table a (); end; select 1;", Some((19, "END"))),
            ("prepare transaction 'a';", Some((0, "PREPARE"))),
            ("prepare a as select 1;", None),
            (
                "create function f(begin timestamptz) returns int language sql as 'select 1'; create table a (); commit;",
                Some((96, "COMMIT")),
            ),
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
    fn a_statement_ends_before_its_semicolon_and_without_comments() {
        let text = "-- a;\nselect 1 /* x */ ; -- b\n;insert into t\nvalues (1) -- c\n";
        let found: Vec<&str> = pieces(text).into_iter().map(|piece| &text[piece]).collect();
        assert_eq!(found, ["select 1", "insert into t\nvalues (1)"]);
        assert_eq!(
            words("create Index /* on */ \"i\" on t"),
            ["CREATE", "INDEX", "ON", "T"]
        );
        assert_eq!(
            names("drop index public.\"I i\", b.c"),
            ["drop", "index", "public.\"I i\"", "b.c"]
        );
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
            (
                "create rule r as on insert to t do also (a; b); c",
                &["create rule", "c"],
            ),
            (
                "create or replace function f() returns int begin atomic select case when a then 1 end; select 2; end; c",
                &["create or", "c"],
            ),
            ("create table t (\"end\" int); c", &["create table", "c"]),
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
