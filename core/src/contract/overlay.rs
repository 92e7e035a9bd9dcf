//! A resource file (`resources/*.toml`): what the operator adds to the catalog.
//!
//! Every value keeps its place in the text, so that a contradiction with the catalog found later can name it.

use serde_json::Value;
use toml::Spanned;

use super::{Cost, Decimal, Format, Grant, JsonForm, Metric, Normalize, Verb};

/// What a resource file says; what it leaves out is `None` or empty.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Every key at the top, to refuse those that belong to another kind of file.
    pub(super) keys: Words,
    pub(super) function: Option<Spanned<String>>,
    pub(super) call: Option<Spanned<Vec<Grant>>>,
    pub(super) args: Vec<(Spanned<String>, FieldOverlay)>,
    pub(super) table: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) description: Option<String>,
    pub(super) key: Option<Spanned<Words>>,
    pub(super) hidden: Words,
    pub(super) computed: Words,
    pub(super) tenant: Option<Spanned<String>>,
    pub(super) max_batch: Option<u32>,
    pub(super) access: Vec<(Verb, Spanned<Vec<Grant>>)>,
    pub(super) page_default: Option<Spanned<u32>>,
    pub(super) page_max: Option<u32>,
    pub(super) page_max_stream: Option<Spanned<u32>>,
    pub(super) page_max_bytes: Option<u32>,
    pub(super) page_max_groups: Option<u32>,
    pub(super) cost: Cost,
    pub(super) max_ef_search: Option<Spanned<u32>>,
    pub(super) fields: Vec<(Spanned<String>, FieldOverlay)>,
    pub(super) rules: Vec<RuleOverlay>,
}

/// Names with their places.
pub(super) type Words = Vec<Spanned<String>>;

/// `[fields.NAME]`.
#[derive(Debug, Default)]
pub(super) struct FieldOverlay {
    pub(super) description: Option<String>,
    pub(super) example: Option<Value>,
    pub(super) json: Option<Spanned<JsonForm>>,
    pub(super) read_only: Option<Spanned<bool>>,
    pub(super) schema: Option<Spanned<String>>,
    pub(super) min_items: Option<Spanned<u32>>,
    pub(super) max_items: Option<Spanned<u32>>,
    pub(super) dimensions: Option<Spanned<u32>>,
    pub(super) metric: Option<Spanned<Metric>>,
    pub(super) items: Option<Spanned<ValueOverlay>>,
    pub(super) value: ValueOverlay,
}

/// Rules of one value: of the field itself, or of each item of an array.
#[derive(Debug, Default)]
pub(super) struct ValueOverlay {
    pub(super) format: Option<Spanned<Format>>,
    pub(super) normalize: Option<Spanned<Vec<Normalize>>>,
    pub(super) ge: Option<Spanned<Decimal>>,
    pub(super) gt: Option<Spanned<Decimal>>,
    pub(super) le: Option<Spanned<Decimal>>,
    pub(super) lt: Option<Spanned<Decimal>>,
    pub(super) multiple_of: Option<Spanned<Decimal>>,
    pub(super) min_length: Option<Spanned<u32>>,
    pub(super) max_length: Option<Spanned<u32>>,
    pub(super) pattern: Option<Spanned<regex::Regex>>,
    pub(super) one_of: Option<Spanned<Words>>,
}

/// `[[rules]]`.
#[derive(Debug)]
pub(super) struct RuleOverlay {
    pub(super) expr: Spanned<String>,
    pub(super) loc: Option<Spanned<String>>,
    pub(super) msg: String,
}
