//! One field of a resource: its column, and every rule a value must keep.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::Decimal;
use crate::catalog::PgType;

/// A field: a column as the API shows it. Its name is the column's name.
#[derive(Debug, Clone)]
pub struct Field {
    /// The column's and the field's name.
    pub name: String,
    /// The column's type.
    pub pg_type: PgType,
    /// Whether null may be stored.
    pub nullable: bool,
    /// Whether a row can be created without it (default, identity, nullable).
    pub optional: bool,
    /// Whether the database gives a value of its own when it is absent (any default, identity or
    /// generated). Absent and without one, a nullable field is known to become null.
    pub has_default: bool,
    /// The default as JSON, where it is a plain literal (for the docs).
    pub default: Option<Value>,
    /// Set by the database alone: generated, identity always, a view's computed column, or by overlay.
    pub read_only: bool,
    /// From the column's comment or the overlay.
    pub description: Option<String>,
    /// An example value from the overlay.
    pub example: Option<Value>,
    /// How numbers travel.
    pub json: JsonForm,
    /// What a value must keep.
    pub rules: FieldRules,
}

/// How a `bigint` or `numeric` is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JsonForm {
    /// An exact JSON number.
    #[default]
    Number,
    /// A JSON string, for clients that read numbers as doubles.
    String,
}

/// Rules on one field's values. For an array column, those on items are in `items`.
#[derive(Debug, Clone, Default)]
pub struct FieldRules {
    /// A named format, JSON Schema's `format`.
    pub format: Option<Format>,
    /// Applied to strings before the rules, in this order.
    pub normalize: Vec<Normalize>,
    /// At least.
    pub ge: Option<Decimal>,
    /// Greater than.
    pub gt: Option<Decimal>,
    /// At most.
    pub le: Option<Decimal>,
    /// Less than.
    pub lt: Option<Decimal>,
    /// A multiple of this.
    pub multiple_of: Option<Decimal>,
    /// Fewest characters (Unicode scalar values).
    pub min_length: Option<u32>,
    /// Most characters.
    pub max_length: Option<u32>,
    /// Each of these must match somewhere in the string, as in JSON Schema.
    pub patterns: Vec<Regex>,
    /// The only strings allowed: enum labels, or `CHECK (… IN …)`.
    pub one_of: Option<Vec<String>>,
    /// Fewest items of an array.
    pub min_items: Option<u32>,
    /// Most items of an array.
    pub max_items: Option<u32>,
    /// Rules for each item of an array.
    pub items: Option<Box<FieldRules>>,
    /// Dimensions of a vector.
    pub dimensions: Option<u32>,
    /// Distance of a vector; under cosine a zero vector is refused.
    pub metric: Option<Metric>,
    /// JSON Schema 2020-12 for a `json`/`jsonb` column.
    pub schema: Option<Shape>,
}

/// A compiled JSON Schema with its source.
#[derive(Clone)]
pub struct Shape {
    /// The schema document.
    pub source: Arc<Value>,
    /// Compiled once per snapshot.
    pub validator: Arc<jsonschema::Validator>,
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Shape").field(&self.source).finish()
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every word, for suggestions and docs.
            pub const ALL: &'static [&'static str] = &[$($text),*];

            /// Reads the word of an overlay.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($text => Some(Self::$variant),)* _ => None }
            }

            /// The word of an overlay.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

words! {
    /// String formats, with JSON Schema's names where it has one.
    Format {
        /// An address as HTML and RFC 5321 agree on it.
        Email = "email",
        /// An absolute URI, RFC 3986.
        Uri = "uri",
        /// RFC 9562.
        Uuid = "uuid",
        /// RFC 1123.
        Hostname = "hostname",
        /// Dotted decimal.
        Ipv4 = "ipv4",
        /// RFC 4291.
        Ipv6 = "ipv6",
        /// RFC 3339 with an offset.
        DateTime = "date-time",
        /// RFC 3339 full-date.
        Date = "date",
        /// RFC 3339 time, offset optional.
        Time = "time",
        /// ISO 8601 duration.
        Duration = "duration",
        /// `+` and 2 to 15 digits, ITU-T E.164.
        Phone = "e164",
    }
}

words! {
    /// Changes made to a string before its rules are checked.
    Normalize {
        /// White space taken off both ends.
        Trim = "trim",
        /// Unicode lower case.
        Lowercase = "lowercase",
        /// Unicode upper case.
        Uppercase = "uppercase",
        /// Each run of white space becomes one space.
        CollapseWhitespace = "collapse_whitespace",
    }
}

words! {
    /// A vector's distance.
    Metric {
        /// Cosine distance.
        Cosine = "cosine",
        /// Euclidean distance.
        L2 = "l2",
        /// Negative inner product.
        InnerProduct = "inner_product",
        /// Taxicab distance.
        L1 = "l1",
    }
}
