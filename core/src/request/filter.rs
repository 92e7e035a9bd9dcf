//! What a filter says, in the client's words (`PostgREST`, "Tables and Views", horizontal filtering).

/// A condition over rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of them hold.
    All(Vec<Filter>),
    /// At least one holds.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// One column against a value.
    Test(Test),
}

/// One column against a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The column's name, as the client wrote it.
    pub column: String,
    /// What is asked of it.
    pub operator: Operator,
}

/// An operator with its operand, still text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// `eq neq gt gte lt lte`.
    Compare(Comparison, String),
    /// `in.(a,b)`.
    In(Vec<String>),
    /// `is.null` and its kin.
    Is(Is),
    /// `like` and `ilike`; `*` has become `%`.
    Like {
        /// The pattern for SQL's `LIKE`.
        pattern: String,
        /// `ilike`.
        ignore_case: bool,
    },
    /// `isdistinct`: like `neq`, but null counts as a value.
    IsDistinct(String),
}

/// The six comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the dialect")]
pub enum Comparison {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Comparison {
    /// SQL's spelling.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Neq => "<>",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::Lt => "<",
            Self::Lte => "<=",
        }
    }

    /// Whether it needs an order (everything but `eq` and `neq`).
    #[must_use]
    pub const fn needs_order(self) -> bool {
        !matches!(self, Self::Eq | Self::Neq)
    }
}

/// What `is` can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the dialect")]
pub enum Is {
    Null,
    NotNull,
    True,
    False,
    Unknown,
}

impl Is {
    /// SQL's spelling.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Null => "IS NULL",
            Self::NotNull => "IS NOT NULL",
            Self::True => "IS TRUE",
            Self::False => "IS FALSE",
            Self::Unknown => "IS UNKNOWN",
        }
    }
}
