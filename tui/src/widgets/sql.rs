//! SQL, painted word by word; state is never told by it, so that without colours nothing is missing.

use ratatui::text::{Line, Span};

use crate::theme::{Theme, Tone};

/// Words that are painted as keywords.
const KEYWORDS: &[&str] = &[
    "add",
    "alter",
    "analyze",
    "and",
    "as",
    "asc",
    "begin",
    "between",
    "by",
    "cascade",
    "case",
    "check",
    "column",
    "comment",
    "commit",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "default",
    "delete",
    "desc",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "exists",
    "explain",
    "false",
    "foreign",
    "from",
    "function",
    "generated",
    "grant",
    "group",
    "having",
    "if",
    "in",
    "index",
    "inner",
    "insert",
    "into",
    "is",
    "join",
    "key",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "primary",
    "references",
    "rename",
    "restrict",
    "returning",
    "returns",
    "revoke",
    "right",
    "rollback",
    "select",
    "set",
    "table",
    "then",
    "to",
    "trigger",
    "true",
    "truncate",
    "type",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "view",
    "when",
    "where",
    "with",
];

/// One line of SQL. Comments and texts that run over several lines are painted only on their first.
#[must_use]
pub fn line(text: &str, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, tone) = if rest.starts_with("--") {
            (rest.len(), Tone::Dim)
        } else if first == '\'' {
            let end = rest.get(1..).and_then(|after| after.find('\''));
            (end.map_or(rest.len(), |end| end + 2), Tone::Good)
        } else if first.is_alphabetic() || first == '_' {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            let word = rest.get(..end).unwrap_or_default().to_lowercase();
            let tone = if KEYWORDS.contains(&word.as_str()) {
                Tone::Accent
            } else {
                Tone::Plain
            };
            (end, tone)
        } else {
            let end = rest
                .char_indices()
                .skip(1)
                .find(|(_, c)| c.is_alphabetic() || *c == '_' || *c == '\'' || *c == '-')
                .map_or(rest.len(), |(at, _)| at);
            (end, Tone::Plain)
        };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        spans.push(Span::styled(
            theme.text(&piece.replace('\t', "    ")),
            theme.style(tone),
        ));
        rest = after;
    }
    Line::from(spans)
}
