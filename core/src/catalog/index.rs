//! Indexes: which columns and expressions they begin with, and which operators they serve.

/// A valid index, or the key of a partitioned table, which serves filters like one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// Its access method: `btree`, `gin` …; [`Index::PARTITION`] for the key of a partitioned table.
    pub method: String,
    /// What it is made of, in order, without `INCLUDE`d columns.
    pub keys: Vec<IndexKey>,
    /// The columns that the predicate of a partial index names; none for an index over all rows.
    pub predicate: Option<Vec<String>>,
    /// Whether it finds nulls and what is not null.
    pub nulls: bool,
}

impl Index {
    /// The method of what is no index, but the key of a partitioned table.
    pub const PARTITION: &'static str = "partition";

    /// Whether each of its keys serves as well as the first.
    #[must_use]
    pub fn any_key(&self) -> bool {
        matches!(self.method.as_str(), "gin" | "brin" | "bloom")
    }
}

/// A column or an expression of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    /// The column; none for an expression.
    pub column: Option<String>,
    /// The expression as `pg_get_indexdef` spells it.
    pub expression: Option<String>,
    /// The operators that its operator class serves: `=`, `<`, `@>`, `~~` …
    pub operators: Vec<String>,
    /// Whether its collation is that of the column.
    pub same_collation: bool,
    /// Whether its collation orders by bytes, so that texts of one beginning stand together.
    pub by_bytes: bool,
}
