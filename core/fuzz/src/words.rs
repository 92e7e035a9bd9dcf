//! Judges the text of a statement: it is made of words that are known beforehand, names of the contract and numbered
//! binds, and of nothing that came with a request.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::catalog::{Kind, PgType};
use crate::contract::{Join, Leg};
use crate::contracts::{HIDDEN, SNAPSHOT};
use crate::error::{Code, Error};
use crate::sql::Statement;
use crate::validate::Bind;

/// Every word of SQL that statements are written with.
const WORDS: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "BY",
    "CONFLICT",
    "COALESCE",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DO",
    "EXCLUDED",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FIRST",
    "FOR",
    "FORMAT",
    "FROM",
    "GROUP",
    "ILIKE",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "JSON",
    "KEY",
    "LAST",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NO",
    "NOT",
    "NOTHING",
    "NULL",
    "NULLIF",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "RETURNING",
    "ROW",
    "SELECT",
    "SET",
    "TRUE",
    "UNKNOWN",
    "UPDATE",
    "VALUES",
    "WHERE",
    "false",
    "true",
    // Functions.
    "avg",
    "count",
    "current_setting",
    "generate_series",
    "inet_out",
    "json_to_recordset",
    "max",
    "min",
    "pg_catalog",
    "phraseto_tsquery",
    "plainto_tsquery",
    "set_config",
    "sum",
    "textin",
    "to_jsonb",
    "to_tsquery",
    "to_tsvector",
    "websearch_to_tsquery",
    // Types.
    "bool",
    "bpchar",
    "bytea",
    "date",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "interval",
    "json",
    "jsonb",
    "numeric",
    "regconfig",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "uuid",
    "varbit",
    "tsvector",
    // Rows and columns of statements' own.
    "g",
    "matching",
    "n",
    "page",
    "present",
    "t",
    "total",
    "x",
];

/// Literals that statements are written with.
const LITERALS: &[&str] = &["", "0", "windlass.merged"];

/// Names that may stand in quotes, and words of the types of columns.
static NAMES: LazyLock<(HashSet<String>, HashSet<String>)> = LazyLock::new(|| {
    let (mut names, mut words) = (HashSet::new(), HashSet::new());
    for resource in &SNAPSHOT.resources {
        names.insert(resource.table.schema.clone());
        names.insert(resource.table.name.clone());
        for field in &resource.fields {
            names.insert(field.name.clone());
            of_type(&field.pg_type, &mut names, &mut words);
        }
        for way in SNAPSHOT.relationships(resource) {
            match &way.join {
                Join::Out(leg) | Join::In(leg) => of_leg(leg, &mut names),
                Join::Through { near, far, .. } => {
                    of_leg(near, &mut names);
                    of_leg(far, &mut names);
                }
                Join::Computed { function, .. } => {
                    names.insert(function.schema.clone());
                    names.insert(function.name.clone());
                }
            }
        }
    }
    assert!(!names.contains(HIDDEN), "a hidden column is no name of the contract");
    (names, words)
});

fn of_leg(leg: &Leg, names: &mut HashSet<String>) {
    for (from, to) in &leg.on {
        names.insert(from.clone());
        names.insert(to.clone());
    }
}

fn of_type(pg_type: &PgType, names: &mut HashSet<String>, words: &mut HashSet<String>) {
    for spelling in [&pg_type.sql, &pg_type.base] {
        for token in tokens(spelling) {
            match token {
                Token::Quoted(name) => _ = names.insert(name),
                Token::Word(word) => _ = words.insert(word.to_owned()),
                _ => {}
            }
        }
    }
    if let Kind::Array { item } = &pg_type.kind {
        of_type(item, names, words);
    }
}

enum Token<'a> {
    Quoted(String),
    Literal(&'a str),
    Word(&'a str),
    Bind(usize),
    Number,
    Sign(char),
}

/// Splits SQL as Postgres does; what is never written here (dollar quotes, `E'…'`, comments) is told by its signs.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = |text: &str, from: usize| text[from..].find(|c| !word(c)).map_or(text.len(), |at| from + at);
        match c {
            ' ' => rest = &rest[1..],
            '"' => {
                let mut name = String::new();
                let mut at = 1;
                loop {
                    let end = at
                        + rest[at..]
                            .find('"')
                            .unwrap_or_else(|| panic!("a name does not end: {text}"));
                    name.push_str(&rest[at..end]);
                    at = end + 1;
                    if !rest[at..].starts_with('"') {
                        break;
                    }
                    name.push('"');
                    at += 1;
                }
                tokens.push(Token::Quoted(name));
                rest = &rest[at..];
            }
            '\'' => {
                let end = 1 + rest[1..]
                    .find('\'')
                    .unwrap_or_else(|| panic!("a literal does not end: {text}"));
                tokens.push(Token::Literal(&rest[1..end]));
                rest = &rest[end + 1..];
            }
            '$' => {
                let end = length(rest, 1);
                let number = rest[1..end].parse();
                tokens.push(Token::Bind(
                    number.unwrap_or_else(|_| panic!("a sign that is no bind: {text}")),
                ));
                rest = &rest[end..];
            }
            '0'..='9' => {
                tokens.push(Token::Number);
                let end = length(rest, 0);
                assert!(
                    rest[..end].bytes().all(|byte| byte.is_ascii_digit()),
                    "a number goes on: {text}"
                );
                rest = &rest[end..];
            }
            c if word(c) => {
                let end = length(rest, 0);
                tokens.push(Token::Word(&rest[..end]));
                rest = &rest[end..];
            }
            c => {
                tokens.push(Token::Sign(c));
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    tokens
}

/// Panics if there is anything in the statement that does not belong there.
pub fn judge(statement: &Statement) {
    let text = statement.text.as_str();
    let (names, words) = &*NAMES;
    let mut binds = HashSet::new();
    for comment in ["--", "/*"] {
        assert!(!text.contains(comment), "a comment in {text}");
    }
    for token in tokens(text) {
        match token {
            Token::Quoted(name) => assert!(names.contains(&name), "`{name}` is no name of the contract: {text}"),
            Token::Literal(literal) => assert!(LITERALS.contains(&literal), "a literal '{literal}' in {text}"),
            Token::Word(word) => {
                let numbered = |letter: char| {
                    word.strip_prefix(letter)
                        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
                };
                let known = WORDS.contains(&word) || words.contains(word) || numbered('e') || numbered('c');
                assert!(known, "a word {word} in {text}");
            }
            Token::Bind(number) => _ = binds.insert(number),
            Token::Number => {}
            Token::Sign(sign) => assert!("()[].,:=<>~*@&|-+".contains(sign), "a sign {sign:?} in {text}"),
        }
    }
    let all: HashSet<usize> = (1..=statement.binds.len()).collect();
    assert_eq!(binds, all, "{} binds in {text}", statement.binds.len());
    for bind in &statement.binds {
        if let Bind::Text(value) | Bind::Json(value) = bind {
            assert!(!value.contains('\0'), "a bind holds U+0000");
        }
    }
    // Postgres takes 65,535 binds and 1,664 columns.
    assert!(
        statement.binds.len() <= 65_535 && statement.columns.len() <= 1_664,
        "too many binds or columns: {text}"
    );
}

/// Panics if a refusal tells of a fault, or too much.
pub fn judge_refusal(error: &Error) {
    assert!(
        error.code() != Code::Internal,
        "{error:?} {:?}",
        error.details_with_causes()
    );
    let said = [Some(error.message()), error.details(), error.hint()];
    let longest = said.iter().flatten().map(|text| text.len()).max().unwrap_or(0);
    assert!(longest < 8_000, "a refusal of {longest} bytes");
}
