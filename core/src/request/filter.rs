//! What a filter says, in the client's words (`PostgREST`, "Tables and Views", horizontal filtering).

use super::column::ColumnRef;

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

impl Filter {
    /// How many columns are tested.
    #[must_use]
    pub fn tests(&self) -> usize {
        match self {
            Self::All(members) | Self::Any(members) => members.iter().map(Self::tests).sum(),
            Self::Not(member) => member.tests(),
            Self::Test(_) => 1,
        }
    }
}

/// One column against a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The column, as the client wrote it.
    pub column: ColumnRef,
    /// What is asked of it.
    pub operator: Operator,
}

/// An operator with its operand, still text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// `eq neq gt gte lt lte`.
    Compare(Comparison, Operand),
    /// `in.(a,b)`.
    In(Vec<String>),
    /// `is.null` and its kin.
    Is(Is),
    /// `like`, `ilike`, `match`, `imatch`; in a `LIKE` pattern `*` has become `%`.
    Pattern(Pattern, Operand),
    /// `isdistinct`: like `neq`, but null counts as a value.
    IsDistinct(String),
    /// `fts plfts phfts wfts`.
    Search {
        /// How the query is read.
        form: Search,
        /// A text search configuration, such as `english`.
        language: Option<String>,
        /// The query; for [`Search::Plain`] one that `to_tsquery` reads.
        query: String,
    },
    /// `cs cd ov sl sr nxr nxl adj`: two arrays, ranges or JSON values.
    Relate(Relation, String),
}

/// A value, or several of which any or all must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// One value.
    One(String),
    /// `operator(any).{a,b}` and `operator(all).{a,b}`.
    Many(Quantifier, Vec<String>),
}

/// How many of several values must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the dialect")]
pub enum Quantifier {
    Any,
    All,
}

impl Quantifier {
    /// SQL's spelling.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::All => "ALL",
        }
    }
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

/// Patterns over text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the dialect")]
pub enum Pattern {
    Like,
    Ilike,
    Match,
    Imatch,
}

impl Pattern {
    /// SQL's spelling.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Like => "LIKE",
            Self::Ilike => "ILIKE",
            Self::Match => "~",
            Self::Imatch => "~*",
        }
    }

    /// Whether it is a regular expression.
    #[must_use]
    pub const fn is_regex(self) -> bool {
        matches!(self, Self::Match | Self::Imatch)
    }
}

/// Ways to read a text search query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// `fts`: operators of its own, such as `fat&(cat|rat)`.
    Operators,
    /// `plfts`: words, all of which must be there.
    Plain,
    /// `phfts`: words that follow each other.
    Phrase,
    /// `wfts`: as people write to search engines.
    Web,
}

impl Search {
    /// The function that reads it.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Operators => "to_tsquery",
            Self::Plain => "plainto_tsquery",
            Self::Phrase => "phraseto_tsquery",
            Self::Web => "websearch_to_tsquery",
        }
    }
}

/// How two arrays, ranges or JSON values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `cs`: contains.
    Contains,
    /// `cd`: is contained in.
    ContainedIn,
    /// `ov`: have something in common.
    Overlaps,
    /// `sl`: strictly left of.
    Left,
    /// `sr`: strictly right of.
    Right,
    /// `nxr`: does not reach to the right of.
    NotRight,
    /// `nxl`: does not reach to the left of.
    NotLeft,
    /// `adj`: is adjacent to.
    Adjacent,
}

impl Relation {
    /// SQL's spelling.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Contains => "@>",
            Self::ContainedIn => "<@",
            Self::Overlaps => "&&",
            Self::Left => "<<",
            Self::Right => ">>",
            Self::NotRight => "&<",
            Self::NotLeft => "&>",
            Self::Adjacent => "-|-",
        }
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
