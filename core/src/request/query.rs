//! Reads a whole query string, and the key in an item's path.

use percent_encoding::percent_decode_str;

use super::parameter::{self, About};
use super::reader::{clip, place};
use super::{Filter, Page, Part, Query, Target, filter_parse, names, order, page, select_parse};
use crate::error::{Code, Error, Result};

/// Most relations that a request filters, orders or limits.
const MAX_PARTS: usize = 32;

/// Reads a query string as it stands in the URI, without the `?`.
///
/// # Errors
/// `bad_query` with the parameter, the position and what was expected.
pub fn parse(text: &str) -> Result<Query> {
    let mut query = Query {
        select: Vec::new(),
        filters: Vec::new(),
        order: Vec::new(),
        page: Page::UNSAID,
        narrowing: Vec::new(),
        columns: None,
        on_conflict: None,
        embedded: Vec::new(),
    };
    let mut own = Part::default();
    let mut cursor = None;
    let mut seen: Vec<String> = Vec::new();
    let mut conditions = 0;
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        if matches!(name.as_str(), "select" | "cursor" | "columns" | "on_conflict") {
            once(&mut seen, &name)?;
        }
        match name.as_str() {
            "select" => query.select = select_parse::parse(&value)?,
            "columns" => query.columns = Some(names::parse("columns", &value)?),
            "on_conflict" => query.on_conflict = Some(names::parse("on_conflict", &value)?),
            "cursor" => cursor = Some(value),
            "" => return Err(Error::new(Code::BadQuery, "A query parameter has no name")),
            _ => {
                let (relations, about) = parameter::read(&name)?;
                if matches!(about, About::Word(_)) {
                    once(&mut seen, &name)?;
                } else {
                    query.narrowing.push((name.clone(), value.clone()));
                }
                let part = if relations.is_empty() {
                    &mut own
                } else {
                    embedded(&mut query.embedded, relations)?
                };
                conditions += say(part, about, &name, &value)?;
            }
        }
        if conditions > filter_parse::MAX_CONDITIONS {
            return Err(Error::new(Code::BadQuery, "The query string has too many conditions")
                .with_details(format!("at most {} are read", filter_parse::MAX_CONDITIONS)));
        }
    }
    query.narrowing.sort();
    query.filters = own.filters;
    query.order = own.order;
    query.page = match cursor {
        None => Page::Offset {
            limit: own.limit,
            offset: own.offset,
        },
        Some(_) if own.offset.is_some() => {
            return Err(
                Error::new(Code::BadQuery, "`cursor` and `offset` cannot be given together")
                    .with_hint("a cursor knows its place: leave `offset` out"),
            );
        }
        Some(cursor) => Page::After {
            limit: own.limit,
            cursor,
        },
    };
    Ok(query)
}

/// Adds what one parameter says; gives how many conditions these are.
fn say(part: &mut Part, about: About, name: &str, value: &str) -> Result<usize> {
    let filter = match about {
        About::Word("order") => {
            part.order = order::parse(name, value)?;
            return Ok(0);
        }
        About::Word("limit") => {
            part.limit = Some(page::number(name, value)?);
            return Ok(0);
        }
        About::Word(_) => {
            part.offset = Some(page::number(name, value)?);
            return Ok(0);
        }
        About::Logic { negated, any } => filter_parse::logic(name, negated, any, value)?,
        About::Column(column) => filter_parse::test(name, column, value)?,
    };
    let tests = Filter::tests(&filter);
    part.filters.push(filter);
    Ok(tests)
}

/// What is said of the rows at this path.
fn embedded(parts: &mut Vec<(Vec<String>, Part)>, path: Vec<String>) -> Result<&mut Part> {
    let at = match parts.iter().position(|(known, _)| *known == path) {
        Some(at) => at,
        None if parts.len() >= MAX_PARTS => {
            return Err(
                Error::new(Code::BadQuery, "The query string speaks of too many relations")
                    .with_details(format!("at most {MAX_PARTS} are read")),
            );
        }
        None => {
            parts.push((path, Part::default()));
            parts.len() - 1
        }
    };
    parts
        .get_mut(at)
        .map(|(_, part)| part)
        .ok_or_else(|| Error::internal("a relation was lost"))
}

fn once(seen: &mut Vec<String>, name: &str) -> Result<()> {
    if seen.iter().any(|known| known == name) {
        return Err(Error::new(
            Code::BadQuery,
            format!("Query parameter `{}` is given twice", clip(name)),
        ));
    }
    seen.push(name.to_owned());
    Ok(())
}

/// Reads what follows the resource's path: nothing, or a key such as `17` or `7,3` (commas inside a value are `%2C`).
///
/// # Errors
/// `bad_path` for broken percent-encoding, or a key of another length than the resource's.
pub fn target(rest: &str, key_length: usize) -> Result<Target> {
    if rest.is_empty() {
        return Ok(Target::Collection);
    }
    // With one key column commas are part of the value.
    let parts: Vec<&str> = if key_length > 1 {
        rest.split(',').collect()
    } else {
        vec![rest]
    };
    if parts.len() != key_length {
        return Err(Error::new(
            Code::BadPath,
            format!("The key in the path needs {key_length} values, separated by commas"),
        )
        .with_details(format!("found {}", parts.len())));
    }
    let values = parts.into_iter().map(|part| {
        let bytes = percent_decode_str(part)
            .decode_utf8()
            .ok()
            .filter(|text| !text.contains('\0'));
        bytes
            .map(std::borrow::Cow::into_owned)
            .ok_or_else(|| Error::new(Code::BadPath, "The path is not valid UTF-8, or holds U+0000"))
    });
    Ok(Target::Item(values.collect::<Result<_>>()?))
}

/// Decodes `application/x-www-form-urlencoded` text: `%XX`, and `+` for a space.
pub(super) fn decode(text: &str) -> Result<String> {
    let spaced = text.replace('+', " ");
    let bytes: Vec<u8> = percent_decode_str(&spaced).collect();
    let wrong = |decoded: usize, message: &str, expected: &str| {
        let at = encoded(text, decoded);
        Error::new(Code::BadQuery, message).with_details(format!("`{}`: {}", clip(text), place(text, at, expected)))
    };
    match String::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            None => Ok(text),
            Some(at) => Err(wrong(
                at,
                "The query string holds U+0000, which Postgres cannot store",
                "text without U+0000",
            )),
        },
        Err(error) => Err(wrong(
            error.utf8_error().valid_up_to(),
            "The query string is not valid UTF-8",
            "UTF-8",
        )),
    }
}

/// Where the byte stands in an encoded text that is the `count`th once decoded.
fn encoded(text: &str, count: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    for _ in 0..count {
        let escape =
            matches!(bytes.get(at..), Some([b'%', a, b, ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        at += if escape { 3 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole() {
        let query =
            parse("select=id,m:email&a=eq.1+2&a=lt.%41&order=a.desc&limit=5&offset=10&or=(a.eq.1,b.eq.2)").unwrap();
        assert_eq!((query.select.len(), query.filters.len(), query.order.len()), (2, 3, 1));
        assert_eq!(
            query.page,
            Page::Offset {
                limit: Some(5),
                offset: Some(10)
            }
        );
        for bad in [
            "limit=-1",
            "limit=x",
            "limit=1&limit=2",
            "a=eq.%ff",
            "a=eq.%00",
            "=1",
            "cursor=x&offset=1",
            "cursor=x&cursor=y",
            "on_conflict=",
            "columns=a,",
            "columns=a&columns=b",
            "limit=99999999999999999999",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys() {
        assert_eq!(target("", 1).unwrap(), Target::Collection);
        assert_eq!(target("a,b", 1).unwrap(), Target::Item(vec!["a,b".into()]));
        assert_eq!(
            target("7,x%2Cy", 2).unwrap(),
            Target::Item(vec!["7".into(), "x,y".into()])
        );
        assert!(target("7", 2).is_err());
    }
}
