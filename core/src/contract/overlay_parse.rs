//! Reads a resource file's text into an [`Overlay`].
//!
//! Reading never stops at the first mistake: each wrong key is noted and left out.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::overlay::{FieldOverlay, Overlay, RuleOverlay, ValueOverlay, Words};
use super::source::Source;
use super::{Decimal, Format, Grant, JsonForm, Metric, Normalize, Verb};
use crate::suggest;

const TOP: &[&str] = &[
    "table",
    "function",
    "path",
    "description",
    "key",
    "hidden",
    "computed",
    "max_batch",
    "access",
    "tenant",
    "page",
    "cost",
    "nearest",
    "fields",
    "args",
    "rules",
];
/// What later versions will read. Ignoring it would serve rows that it is meant to guard.
pub(super) const LATER: &[&str] = &["embeddings", "webhooks", "rate", "guards"];
const VERBS: &[&str] = &["read", "create", "update", "delete", "call"];
const VALUE: &[&str] = &[
    "format",
    "normalize",
    "ge",
    "gt",
    "le",
    "lt",
    "multiple_of",
    "min_length",
    "max_length",
    "pattern",
    "enum",
];
const FIELD: &[&str] = &[
    "description",
    "example",
    "json",
    "read_only",
    "schema",
    "min_items",
    "max_items",
    "dimensions",
    "metric",
    "items",
];

/// Every key that a field can have.
pub(super) fn field_keys() -> Vec<&'static str> {
    [VALUE, FIELD].concat()
}

/// Reads a resource file's text; mistakes go to `source`. `None` for a text that is not TOML.
pub(super) fn parse(text: &str, source: &mut Source<'_>) -> Option<Overlay> {
    let mut overlay = Overlay::default();
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            source.mistake(
                error.span().unwrap_or(0..0),
                format!("not TOML: {}", error.message()),
                None,
            );
            return None;
        }
    };
    let mut reader = Reader { source };
    for (key, value) in document.get_ref() {
        overlay.keys.push(owned(key));
        match &**key.get_ref() {
            "function" => overlay.function = reader.text(key, value),
            "table" => overlay.table = reader.text(key, value),
            "path" => overlay.path = reader.text(key, value),
            "description" => overlay.description = reader.text(key, value).map(Spanned::into_inner),
            "key" => overlay.key = reader.words(key, value).map(|w| Spanned::new(value.span(), w)),
            "computed" => overlay.computed = reader.words(key, value).unwrap_or_default(),
            "hidden" => overlay.hidden = reader.words(key, value).unwrap_or_default(),
            "max_batch" => overlay.max_batch = reader.count(key, value, 1).map(Spanned::into_inner),
            "access" => reader.access(key, value, &mut overlay),
            "tenant" => overlay.tenant = reader.tenant(key, value),
            "page" => reader.page(key, value, &mut overlay),
            "cost" => overlay.cost = reader.cost(key, value),
            "nearest" => reader.nearest(key, value, &mut overlay),
            "fields" => overlay.fields = reader.fields(key, value),
            "args" => overlay.args = reader.fields(key, value),
            "rules" => reader.rules(key, value, &mut overlay),
            later if LATER.contains(&later) => reader.source.mistake(
                key.span(),
                format!("`{later}` is not available in this version"),
                Some("take it out; it is refused because leaving it unread could open what it should close".to_owned()),
            ),
            _ => reader.unknown(key, TOP),
        }
    }
    Some(overlay)
}

/// Where the text sets `path`; its start when it does not.
pub(super) fn path_span(text: &str) -> Range<usize> {
    let document = DeTable::parse(text).ok();
    let written = document.as_ref().and_then(|document| document.get_ref().get("path"));
    written.map_or(0..0, Spanned::span)
}

/// Whether the text is about a function.
pub(super) fn is_function(text: &str) -> bool {
    DeTable::parse(text).is_ok_and(|document| document.get_ref().contains_key("function"))
}

pub(super) type Key<'t, 'i> = &'t Spanned<std::borrow::Cow<'i, str>>;
pub(super) type Val<'t, 'i> = &'t Spanned<DeValue<'i>>;

pub(super) fn owned(key: Key<'_, '_>) -> Spanned<String> {
    Spanned::new(key.span(), key.get_ref().to_string())
}

pub(super) struct Reader<'s, 'a> {
    pub(super) source: &'s mut Source<'a>,
}

impl Reader<'_, '_> {
    pub(super) fn unknown(&mut self, key: Key<'_, '_>, known: &[&str]) {
        let help = suggest::help(key.get_ref(), known.iter().copied());
        self.source
            .mistake(key.span(), format!("unknown key `{}`", key.get_ref()), help);
    }

    /// Notes that a value is not what the key takes.
    pub(super) fn wrong(&mut self, key: Key<'_, '_>, at: Range<usize>, wanted: &str, help: Option<String>) {
        self.source
            .mistake(at, format!("`{}` takes {wanted}", key.get_ref()), help);
    }

    pub(super) fn text(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Spanned<String>> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong(key, value.span(), "a string", None);
        }
        Some(Spanned::new(value.span(), text?.to_owned()))
    }

    pub(super) fn flag(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Spanned<bool>> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, value.span(), "true or false", None);
        }
        Some(Spanned::new(value.span(), flag?))
    }

    pub(super) fn count(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, least: u32) -> Option<Spanned<u32>> {
        let number = decimal(value.get_ref())
            .and_then(|n| u32::try_from(n.to_i64()?).ok())
            .filter(|n| *n >= least);
        if number.is_none() {
            self.wrong(key, value.span(), &format!("a whole number, at least {least}"), None);
        }
        Some(Spanned::new(value.span(), number?))
    }

    fn number(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Spanned<Decimal>> {
        let number = decimal(value.get_ref());
        if number.is_none() {
            self.wrong(key, value.span(), "a finite number", None);
        }
        Some(Spanned::new(value.span(), number?))
    }

    pub(super) fn table<'t, 'i>(&mut self, key: Key<'_, '_>, value: Val<'t, 'i>) -> Option<&'t DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let help = format!("write it as a section: `[{}]`", key.get_ref());
            self.wrong(key, value.span(), "a table", Some(help));
        }
        table
    }

    pub(super) fn words(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Words> {
        let Some(items) = value.get_ref().as_array() else {
            let help = value.get_ref().as_str().map(|word| format!("write `[{word:?}]`"));
            self.wrong(key, value.span(), "a list of strings", help);
            return None;
        };
        let mut words: Words = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(word) if words.iter().any(|w| w.get_ref() == word) => {
                    self.source
                        .mistake(item.span(), format!("`{word}` is listed twice"), None);
                }
                Some(word) => words.push(Spanned::new(item.span(), word.to_owned())),
                None => self.wrong(key, item.span(), "a list of strings", None),
            }
        }
        Some(words)
    }

    /// One word of a fixed set.
    pub(super) fn choice<T>(
        &mut self,
        key: Key<'_, '_>,
        text: &Spanned<String>,
        all: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = text.get_ref();
        let parsed = parse(word);
        if parsed.is_none() {
            let help = suggest::help(word, all.iter().copied());
            self.source
                .mistake(text.span(), format!("`{}` knows no `{word}`", key.get_ref()), help);
        }
        parsed
    }

    /// A list of grants, which may not be empty.
    pub(super) fn grants(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Spanned<Vec<Grant>>> {
        let words = self.words(key, value)?;
        if words.is_empty() && value.get_ref().as_array().is_some_and(|a| a.is_empty()) {
            let help = "leave the line out to refuse it to everybody, or write `[\"public\"]`".to_owned();
            self.wrong(key, value.span(), "at least one grant", Some(help));
        }
        let grants: Vec<Grant> = words.iter().filter_map(|word| self.grant(word)).collect();
        Some(Spanned::new(value.span(), grants))
    }

    fn access(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, overlay: &mut Overlay) {
        for (key, value) in self.table(key, value).into_iter().flatten() {
            let verb = match &**key.get_ref() {
                "read" => Some(Verb::Read),
                "create" => Some(Verb::Create),
                "update" => Some(Verb::Update),
                "delete" => Some(Verb::Delete),
                "call" => None,
                _ => {
                    self.unknown(key, VERBS);
                    continue;
                }
            };
            let Some(grants) = self.grants(key, value) else {
                continue;
            };
            match verb {
                Some(verb) => overlay.access.push((verb, grants)),
                None => overlay.call = Some(grants),
            }
        }
    }

    pub(super) fn grant(&mut self, word: &Spanned<String>) -> Option<Grant> {
        let text = word.get_ref().as_str();
        let named = |name: &str| !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
        let grant = match text.split_once(':') {
            None if text == "public" => Some(Grant::Public),
            None if text == "authenticated" => Some(Grant::Authenticated),
            Some(("scope", name)) if named(name) => Some(Grant::Scope(name.to_owned())),
            Some(("role", name)) if named(name) => Some(Grant::Role(name.to_owned())),
            _ => None,
        };
        if grant.is_none() {
            let help = suggest::nearest(text, ["public", "authenticated"]).map_or_else(
                || "a grant is `public`, `authenticated`, `scope:NAME` or `role:NAME`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.source
                .mistake(word.span(), format!("`{text}` is not a grant"), Some(help));
        }
        grant
    }

    fn tenant(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Spanned<String>> {
        let mut column = None;
        let before = self.source.has_mistakes();
        for (key, value) in self.table(key, value).into_iter().flatten() {
            match &**key.get_ref() {
                "column" => column = self.text(key, value),
                _ => self.unknown(key, &["column"]),
            }
        }
        if column.is_none() && before == self.source.has_mistakes() {
            self.wrong(
                key,
                value.span(),
                "a `column`",
                Some("write `column = \"tenant_id\"`".to_owned()),
            );
        }
        column
    }

    pub(super) fn page(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, overlay: &mut Overlay) {
        for (key, value) in self.table(key, value).into_iter().flatten() {
            match &**key.get_ref() {
                "default" => overlay.page_default = self.count(key, value, 1),
                "max" => overlay.page_max = self.count(key, value, 1).map(Spanned::into_inner),
                "max_stream" => overlay.page_max_stream = self.count(key, value, 1),
                "max_bytes" => overlay.page_max_bytes = self.count(key, value, 1).map(Spanned::into_inner),
                "max_groups" => overlay.page_max_groups = self.count(key, value, 1).map(Spanned::into_inner),
                _ => self.unknown(key, &["default", "max", "max_stream", "max_bytes", "max_groups"]),
            }
        }
    }

    fn nearest(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, overlay: &mut Overlay) {
        for (key, value) in self.table(key, value).into_iter().flatten() {
            match &**key.get_ref() {
                "max_ef_search" => overlay.max_ef_search = self.count(key, value, 1),
                _ => self.unknown(key, &["max_ef_search"]),
            }
        }
    }

    fn rules(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, overlay: &mut Overlay) {
        let Some(list) = value.get_ref().as_array() else {
            let help = "write each rule as a section `[[rules]]`".to_owned();
            self.wrong(key, value.span(), "a list of tables", Some(help));
            return;
        };
        for item in list.iter() {
            let (mut expr, mut loc, mut msg, mut named) = (None, None, None, (false, false));
            for (key, value) in self.table(key, item).into_iter().flatten() {
                match &**key.get_ref() {
                    "expr" => (expr, named.0) = (self.text(key, value), true),
                    "loc" => loc = self.text(key, value),
                    "msg" => (msg, named.1) = (self.text(key, value), true),
                    _ => self.unknown(key, &["expr", "loc", "msg"]),
                }
            }
            for (name, is_there) in [("expr", named.0), ("msg", named.1)] {
                if !is_there && item.get_ref().is_table() {
                    self.source
                        .mistake(item.span(), format!("this rule has no `{name}`"), None);
                }
            }
            if let (Some(expr), Some(msg)) = (expr, msg) {
                let msg = msg.into_inner();
                overlay.rules.push(RuleOverlay { expr, loc, msg });
            }
        }
    }

    fn fields(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Vec<(Spanned<String>, FieldOverlay)> {
        let entries = self.table(key, value).into_iter().flatten();
        entries
            .map(|(name, value)| (owned(name), self.field(name, value)))
            .collect()
    }

    fn field(&mut self, name: Key<'_, '_>, value: Val<'_, '_>) -> FieldOverlay {
        let mut field = FieldOverlay::default();
        for (key, value) in self.table(name, value).into_iter().flatten() {
            if !self.of_field(key, value, &mut field) {
                self.unknown(key, &field_keys());
            }
        }
        field
    }

    /// Reads what is said of a field; false when the key is none.
    pub(super) fn of_field(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, field: &mut FieldOverlay) -> bool {
        match &**key.get_ref() {
            "description" => field.description = self.text(key, value).map(Spanned::into_inner),
            "example" => field.example = self.example(key, value),
            "json" => {
                field.json = self.text(key, value).and_then(|text| {
                    let form = self.choice(key, &text, &["number", "string"], |word| match word {
                        "number" => Some(JsonForm::Number),
                        "string" => Some(JsonForm::String),
                        _ => None,
                    })?;
                    Some(Spanned::new(text.span(), form))
                });
            }
            "read_only" => field.read_only = self.flag(key, value),
            "schema" => field.schema = self.text(key, value),
            "min_items" => field.min_items = self.count(key, value, 0),
            "max_items" => field.max_items = self.count(key, value, 0),
            "dimensions" => field.dimensions = self.count(key, value, 1),
            "metric" => {
                field.metric = self.text(key, value).and_then(|text| {
                    let metric = self.choice(key, &text, Metric::ALL, Metric::parse)?;
                    Some(Spanned::new(text.span(), metric))
                });
            }
            "items" => {
                let mut items = ValueOverlay::default();
                for (key, value) in self.table(key, value).into_iter().flatten() {
                    if !self.value(key, value, &mut items) {
                        self.unknown(key, VALUE);
                    }
                }
                field.items = Some(Spanned::new(key.span(), items));
            }
            _ => return self.value(key, value, &mut field.value),
        }
        true
    }

    /// Reads a rule of one value; false when the key is none.
    fn value(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, into: &mut ValueOverlay) -> bool {
        match &**key.get_ref() {
            "format" => {
                into.format = self.text(key, value).and_then(|text| {
                    let format = self.choice(key, &text, Format::ALL, Format::parse)?;
                    Some(Spanned::new(text.span(), format))
                });
            }
            "normalize" => {
                into.normalize = self.words(key, value).map(|words| {
                    let steps = words
                        .iter()
                        .filter_map(|word| self.choice(key, word, Normalize::ALL, Normalize::parse))
                        .collect();
                    Spanned::new(value.span(), steps)
                });
            }
            "ge" => into.ge = self.number(key, value),
            "gt" => into.gt = self.number(key, value),
            "le" => into.le = self.number(key, value),
            "lt" => into.lt = self.number(key, value),
            "multiple_of" => {
                into.multiple_of = self.number(key, value);
                if into
                    .multiple_of
                    .as_ref()
                    .is_some_and(|n| *n.get_ref() <= Decimal::from(0))
                {
                    self.wrong(key, value.span(), "a number above 0", None);
                    into.multiple_of = None;
                }
            }
            "min_length" => into.min_length = self.count(key, value, 0),
            "max_length" => into.max_length = self.count(key, value, 0),
            "pattern" => {
                into.pattern = self
                    .text(key, value)
                    .and_then(|text| match regex::Regex::new(text.get_ref()) {
                        Ok(regex) => Some(Spanned::new(text.span(), regex)),
                        Err(error) => {
                            let reason = error.to_string();
                            // The last line says why; those above draw the place.
                            let reason = reason.lines().last().unwrap_or_default();
                            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                            let help = "in single quotes TOML keeps backslashes: pattern = '^\\d+$'".to_owned();
                            let message = format!("`pattern` is not a regular expression: {reason}");
                            self.source.mistake(text.span(), message, Some(help));
                            None
                        }
                    });
            }
            "enum" => {
                into.one_of = self.words(key, value).map(|words| Spanned::new(value.span(), words));
                if value.get_ref().as_array().is_some_and(|a| a.is_empty()) {
                    self.wrong(key, value.span(), "at least one word", None);
                    into.one_of = None;
                }
            }
            _ => return false,
        }
        true
    }

    pub(super) fn example(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Value> {
        let example = json(value.get_ref());
        if example.is_none() {
            self.wrong(key, value.span(), "a value that JSON has, too", None);
        }
        example
    }
}

/// A TOML number, exactly as written.
fn decimal(value: &DeValue<'_>) -> Option<Decimal> {
    match value {
        DeValue::Integer(n) if n.radix() == 10 => Decimal::parse(n.as_str().trim_start_matches('+')),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(Decimal::from),
        DeValue::Float(n) => Decimal::parse(n.as_str().trim_start_matches('+')),
        _ => None,
    }
}

/// A TOML value as JSON; dates become strings.
fn json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(_) | DeValue::Float(_) => number(&decimal(value)?)?,
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(|i| json(i.get_ref())).collect::<Option<_>>()?),
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(key, value)| Some((key.get_ref().to_string(), json(value.get_ref())?)))
                .collect::<Option<_>>()?,
        ),
    })
}

/// A JSON number; `None` when only rounding would make it one.
pub(super) fn number(decimal: &Decimal) -> Option<Value> {
    match decimal.to_i64() {
        Some(whole) => Some(Value::from(whole)),
        None => {
            let double = decimal.to_f64();
            let exact = Decimal::parse(&double.to_string()).as_ref() == Some(decimal);
            serde_json::Number::from_f64(double)
                .filter(|_| exact)
                .map(Value::Number)
        }
    }
}
