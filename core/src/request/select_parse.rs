//! Reads `select`: `id,mail:email,meta->>city,total:amount.sum()::text,owner:users!inner(id,name)`.

use super::cast::Cast;
use super::reader::Reader;
use super::select::{Aggregate, SelectItem};
use crate::error::Result;

/// Most items of one `select`; Postgres has 1,664 places.
const MAX_ITEMS: usize = 1_600;
/// Deepest nesting of embeds.
pub const MAX_EMBEDS: usize = 5;
/// Most hints of one embed.
const MAX_HINTS: usize = 4;

/// Reads the value of `select`.
///
/// # Errors
/// `bad_query` with the position and what was expected.
pub fn parse(text: &str) -> Result<Vec<SelectItem>> {
    let mut list = List {
        reader: Reader::new("select", text),
        count: 0,
    };
    let items = list.items(0)?;
    if !list.reader.ended() {
        return Err(list.reader.expected("`,` or the end"));
    }
    Ok(items)
}

struct List<'a> {
    reader: Reader<'a>,
    count: usize,
}

impl List<'_> {
    /// `item,item`, up to a closing parenthesis or the end.
    fn items(&mut self, depth: usize) -> Result<Vec<SelectItem>> {
        let mut items = Vec::new();
        loop {
            self.count += 1;
            if self.count > MAX_ITEMS {
                return Err(self.reader.expected(&format!("at most {MAX_ITEMS} items")));
            }
            items.push(self.item(depth)?);
            if !self.reader.eat(",") {
                return Ok(items);
            }
        }
    }

    fn item(&mut self, depth: usize) -> Result<SelectItem> {
        if self.reader.eat("*") {
            return if self.reader.at_border() {
                Ok(SelectItem::All)
            } else {
                Err(self.reader.expected("`,` after `*`"))
            };
        }
        let spread = self.reader.eat("...");
        let start = self.reader.at;
        let mut name = self.reader.name("a column, `*` or a relation")?;
        let mut alias = None;
        if self.reader.next_is(":") && !self.reader.next_is("::") {
            if spread {
                return Err(self.reader.expected("no name for a spread relation, but `(`"));
            }
            self.reader.at += 1;
            alias = Some(name);
            name = self.reader.name("a column or a relation")?;
        }
        if self.reader.next_is("!") {
            return self.embed(depth, alias, name, spread);
        }
        if self.reader.next_is("(") {
            if !spread && name == "count" && self.reader.eat("()") {
                return self.aggregate(Aggregate::Count, None, None, alias);
            }
            return self.embed(depth, alias, name, spread);
        }
        if spread {
            return Err(self.reader.expected("`(` and what is wanted of the relation"));
        }
        self.column(start, alias, name)
    }

    fn column(&mut self, start: usize, alias: Option<String>, name: String) -> Result<SelectItem> {
        let path = self.reader.path()?;
        let column = super::ColumnRef { name, path };
        let cast = self.cast()?;
        if self.reader.eat(".") {
            let at = self.reader.at;
            let word = self.reader.name("an aggregate")?;
            let Some(function) = Aggregate::parse(&word) else {
                self.reader.at = at;
                return Err(self
                    .reader
                    .expected("count(), sum(), avg(), min() or max()")
                    .with_hint("names with a dot are written in quotes"));
            };
            if !self.reader.eat("()") {
                return Err(self.reader.expected("`()`"));
            }
            return self.aggregate(function, Some(column), cast, alias);
        }
        if !self.reader.at_border() {
            let what = if self.reader.at == start {
                "a column"
            } else {
                "`,` or the end"
            };
            return Err(self.reader.expected(what));
        }
        Ok(SelectItem::Column { column, alias, cast })
    }

    fn aggregate(
        &mut self,
        function: Aggregate,
        column: Option<super::ColumnRef>,
        input_cast: Option<Cast>,
        alias: Option<String>,
    ) -> Result<SelectItem> {
        let cast = self.cast()?;
        if !self.reader.at_border() {
            return Err(self.reader.expected("`,` or the end"));
        }
        Ok(SelectItem::Aggregate {
            function,
            column,
            input_cast,
            cast,
            alias,
        })
    }

    /// `::type`, or nothing.
    fn cast(&mut self) -> Result<Option<Cast>> {
        if !self.reader.eat("::") {
            return Ok(None);
        }
        let at = self.reader.at;
        let word = self.reader.name("a type")?;
        if let Some(cast) = Cast::parse(&word) {
            return Ok(Some(cast));
        }
        self.reader.at = at;
        let known: Vec<&str> = Cast::ALL.iter().map(|cast| cast.sql()).collect();
        Err(self.reader.expected(&format!("a type: {}", known.join(", "))))
    }

    fn embed(&mut self, depth: usize, alias: Option<String>, relation: String, spread: bool) -> Result<SelectItem> {
        let (mut hints, mut inner, mut joined) = (Vec::new(), false, false);
        while self.reader.eat("!") {
            if hints.len() >= MAX_HINTS {
                return Err(self.reader.expected("`(`"));
            }
            let hint = self.reader.name("inner, left or a hint")?;
            if matches!(hint.as_str(), "inner" | "left") && !joined {
                (inner, joined) = (hint == "inner", true);
            } else {
                hints.push(hint);
            }
        }
        if depth >= MAX_EMBEDS {
            return Err(self.reader.expected(&format!("at most {MAX_EMBEDS} levels")));
        }
        if !self.reader.eat("(") {
            return Err(self.reader.expected("`(` and what is wanted of the relation"));
        }
        let items = if self.reader.next_is(")") {
            Vec::new()
        } else {
            self.items(depth + 1)?
        };
        if !self.reader.eat(")") {
            return Err(self.reader.expected("`,` or `)`"));
        }
        if !self.reader.at_border() {
            return Err(self.reader.expected("`,` or the end"));
        }
        Ok(SelectItem::Embed {
            alias,
            relation,
            hints,
            inner,
            spread,
            items,
        })
    }
}
