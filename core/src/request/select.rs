//! What `select` asks for: columns, aggregates and related rows, and under which names.

use super::cast::Cast;
use super::column::ColumnRef;

/// One item of a reply's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectItem {
    /// `*`: every column.
    All,
    /// One column, perhaps under another name.
    Column {
        /// In the client's words.
        column: ColumnRef,
        /// The name in the reply.
        alias: Option<String>,
        /// `::type`.
        cast: Option<Cast>,
    },
    /// `count()`, `total:amount.sum()`: over the rows that are alike in the columns beside it.
    Aggregate {
        /// What is reckoned.
        function: Aggregate,
        /// Over which column; none for `count()` of rows.
        column: Option<ColumnRef>,
        /// `amount::numeric.sum()`: the cast before.
        input_cast: Option<Cast>,
        /// `amount.sum()::text`: the cast after.
        cast: Option<Cast>,
        /// The name in the reply; the function's otherwise.
        alias: Option<String>,
    },
    /// `alias:relation!hint!inner(items)`: related rows.
    Embed {
        /// The name in the reply; the relation's otherwise.
        alias: Option<String>,
        /// The relation, in the client's words.
        relation: String,
        /// Foreign keys, columns or join tables that tell which way is meant.
        hints: Vec<String>,
        /// Whether rows without a related one are left out.
        inner: bool,
        /// `...relation(items)`: its items stand among those around it.
        spread: bool,
        /// What is wanted of the related rows; nothing for `relation()`.
        items: Vec<SelectItem>,
    },
}

/// What is reckoned over several rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in SQL")]
pub enum Aggregate {
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

impl Aggregate {
    /// Every one, for messages.
    pub const ALL: &'static [Self] = &[Self::Count, Self::Sum, Self::Avg, Self::Min, Self::Max];

    /// SQL's and the dialect's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.as_str() == word)
    }
}
