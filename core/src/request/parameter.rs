//! Reads the name of a query parameter: `score`, `meta->>city`, `not.or`, `owner.team.name`, `owner.order`.

use super::ColumnRef;
use super::reader::Reader;
use super::select_parse::MAX_EMBEDS;
use crate::error::Result;

/// What a parameter is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A condition on a column.
    Column(ColumnRef),
    /// `and` and `or`, perhaps turned round.
    Logic { negated: bool, any: bool },
    /// `order`, `limit` or `offset`.
    Word(&'static str),
}

/// Reads a name: the path of relations, and what it is about.
pub(super) fn read(name: &str) -> Result<(Vec<String>, About)> {
    let mut reader = Reader::new(name, name);
    let mut relations: Vec<String> = Vec::new();
    loop {
        let quoted = reader.next_is("\"");
        let word = reader.name("a column")?;
        if reader.eat(".") {
            if relations.len() > MAX_EMBEDS {
                return Err(reader.expected(&format!("at most {MAX_EMBEDS} relations")));
            }
            relations.push(word);
            continue;
        }
        let path = reader.path()?;
        if !reader.ended() {
            return Err(reader
                .expected("`.`, `->`, `->>` or the end of the name")
                .with_hint("a name with other characters is written in quotes"));
        }
        let about = match word.as_str() {
            _ if quoted || !path.is_empty() => About::Column(ColumnRef { name: word, path }),
            "and" | "or" => {
                let negated = relations.pop_if(|last| last == "not").is_some();
                let any = word == "or";
                About::Logic { negated, any }
            }
            "order" => About::Word("order"),
            "limit" => About::Word("limit"),
            "offset" => About::Word("offset"),
            _ => About::Column(ColumnRef { name: word, path }),
        };
        if relations.len() > MAX_EMBEDS {
            return Err(reader.expected(&format!("at most {MAX_EMBEDS} relations")));
        }
        return Ok((relations, about));
    }
}
