//! What becomes of the columns of a route's last statement.

use toml::Spanned;

use super::derive::plain;
use super::load::Draft;
use super::{Column, Described, Output, Returns};
use crate::catalog::Kind;
use crate::contract::Field;
use crate::contract::source::Source;

/// Headers that are Windlass's own to send.
const OWN_HEADERS: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

/// What becomes of each column, and the fields of those that are shown.
pub(super) fn columns(
    draft: &Draft,
    described: &Described,
    source: &mut Source<'_>,
) -> (Vec<(Output, Kind)>, Vec<Field>) {
    let returns = super::derive::returns(draft);
    let at = draft.front.returns.as_ref().map_or(0..0, Spanned::span);
    let last = draft
        .steps()
        .last()
        .map_or(0..0, |step| step.start..step.start + step.word.len());
    let mut outputs = Vec::with_capacity(described.columns.len());
    let mut fields: Vec<Field> = Vec::new();
    for (number, column) in described.columns.iter().enumerate() {
        let twice = described
            .columns
            .iter()
            .take(number)
            .any(|other| other.name == column.name);
        let output = output(draft, source, column, returns, fields.len());
        if let Output::Shown(_) = output {
            if column.name == "?column?" {
                let message = format!("column {} of the reply has no name", number + 1);
                source.mistake(last.clone(), message, Some("give it one with `as`".to_owned()));
            } else if twice && returns != Returns::Json {
                let help = "give one of them another name with `as`".to_owned();
                source.mistake(last.clone(), format!("two columns are `{}`", column.name), Some(help));
            }
            fields.push(Field {
                nullable: column.nullable,
                description: column.comment.clone(),
                ..plain(&column.name, &column.pg_type)
            });
        }
        outputs.push((output, column.pg_type.kind.clone()));
    }
    match (returns, fields.as_slice()) {
        (Returns::Many | Returns::One, []) => {
            let help = "select some or add `returning`, or write `returns = \"exec\"`".to_owned();
            source.mistake(at, "the last statement gives no columns", Some(help));
        }
        (Returns::Json, [one]) if matches!(one.pg_type.kind, Kind::Json | Kind::Jsonb) => {}
        (Returns::Json, fields) => {
            let found = match fields {
                [one] => format!("`{}`", one.pg_type.sql),
                several => format!("{} columns", several.len()),
            };
            let help = "build it with `jsonb_build_object`, or write `returns = \"one\"`".to_owned();
            source.mistake(
                at,
                format!("`json` takes one column of `jsonb`, found {found}"),
                Some(help),
            );
        }
        _ => {}
    }
    (outputs, fields)
}

fn output(draft: &Draft, source: &mut Source<'_>, column: &Column, returns: Returns, shown: usize) -> Output {
    let at = draft
        .steps()
        .last()
        .map_or(0..0, |step| step.start..step.start + step.word.len());
    if column.name == "_status" {
        if !column.pg_type.kind.is_integer() {
            let message = format!("`_status` is a whole number, not `{}`", column.pg_type.sql);
            source.mistake(at, message, Some("cast it to `int`".to_owned()));
        }
        return Output::Status;
    }
    if let Some(name) = column.name.strip_prefix("_header_") {
        let name = name.replace('_', "-").to_ascii_lowercase();
        let token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !token {
            let message = format!("`{}` names no header", column.name);
            source.mistake(at, message, Some("write for example `_header_location`".to_owned()));
        } else if OWN_HEADERS.contains(&name.as_str()) {
            source.mistake(at, format!("the header `{name}` is Windlass's own to send"), None);
        }
        return Output::Header(name);
    }
    if returns == Returns::Exec {
        Output::Left
    } else {
        Output::Shown(shown)
    }
}
